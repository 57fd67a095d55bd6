/* The settings and set-up that the versions of slub-lockless have in common. After setup_2639.h. */
#ifndef MODELS_SLUB_LOCKLESS_SETTINGS_H
#define MODELS_SLUB_LOCKLESS_SETTINGS_H

static const struct layout *const lockless_layouts[] = {
	&slab_page_layout, &tail_page_layout, &kmem_cache_layout, &kmem_cache_node_layout,
	&kmem_cache_cpu_layout, NULL,
};

#define SLUB_LOCKLESS \
	.kernel           = KERNEL_3_9, \
	.view             = &page_view_aligned_64, \
	.layouts          = lockless_layouts, \
	.create           = slub_create, \
	.alloc            = cache_alloc, \
	.free             = cache_free, \
	.kmalloc          = cache_kmalloc, \
	.kfree            = cache_kfree, \
	.metadata_bytes   = metadata_bytes, \
	SLUB_ALLOCATOR

#define SLUB_LOCKLESS_SETTINGS \
	SLUB_SETTINGS_2639, \
	SETTING(struct slub_settings, min_partial, COUNT, .min = 1, .max = 1024, .fallback = "-", \
		.help = "an empty slab is kept up to so many partial ones; default by log2 of the " \
			"object size, from 5 to 10: that in 3.1, half of it later"), \
	SETTING(struct slub_settings, cmpxchg16b, SWITCH, .fallback = "true", \
		.help = "the CPUs have cmpxchg16b; else a slab is changed under its lock, and the " \
			"fast paths turn interrupts off")

#endif
