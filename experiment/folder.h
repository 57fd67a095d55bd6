/*
 * Whose a results folder is, told to all processes that write there, on this machine and, where
 * the file system carries locks, on others.
 *
 *	folder_open      DIRECTORY/.lock is open
 *	folder_enter     alone among those who read and write index and tables; others wait
 *	folder_alone     true: no run is under way there but this one, and none can begin
 *	folder_share     a run is under way; others of the same experiment may join
 *	folder_leave     the next one may enter
 *	folder_close     this run is over, or its process and children are dead
 *
 * Byte 0 of the file is for those who enter, byte 1 for runs under way: shared by all of them,
 * taken whole to see that there are none. The locks belong to the open file, so children hold them
 * too, and a crash gives them back.
 */
#ifndef EXPERIMENT_FOLDER_H
#define EXPERIMENT_FOLDER_H

#include <stdbool.h>
#include <stddef.h>

struct folder {
	int fd;                 /* of DIRECTORY/.lock */
	bool unlocked;          /* the file system has no locks: nobody is seen, nobody waits */
};

/*
 * The folder is there. false: `why` says why its lock cannot be opened, and nobody waits. Without
 * `make` only a folder that has a lock has one.
 */
bool folder_open(struct folder *folder, const char *directory, bool make, char *why, size_t size);
void folder_close(struct folder *folder);
void folder_enter(struct folder *folder);
void folder_leave(struct folder *folder);
bool folder_alone(struct folder *folder);
void folder_share(struct folder *folder);

#endif
