
# Those of the words that begin with $cur go into COMPREPLY.
_bounce_among() {
	local word
	for word in $1; do
		[[ $word == "$cur"* ]] && COMPREPLY+=("$word")
	done
}

# Files with that ending, and folders on the way to them.
_bounce_files() {
	local file
	compopt -o filenames 2>/dev/null
	while IFS= read -r file; do
		[[ -d $file || $file == *"$1" ]] && COMPREPLY+=("$file")
	done < <(compgen -f -- "$cur")
}

# Folders that hold results, by the name below results/ too.
_bounce_results() {
	local index name
	for index in results/*/index; do
		name=${index%/index}
		name=${name#results/}
		[[ -f $index && $name == "$cur"* ]] && COMPREPLY+=("$name")
	done
	_bounce_files /
}

# KEY=VALUE, VALUE within a list too. Bash itself replaces what is behind the "=" only.
_bounce_setting() {
	local text=$1 key=${1%%=*} before
	if [[ $text != *=* ]]; then
		cur=$text
		_bounce_among "${!_bounce_keys[*]}"
		COMPREPLY=("${COMPREPLY[@]/%/=}")
		compopt -o nospace 2>/dev/null
		return
	fi
	text=${text#*=}
	cur=${text##*[,[]}
	before=${text%"$cur"}
	[[ $key ]] && _bounce_among "${_bounce_keys[$key]}"
	COMPREPLY=("${COMPREPLY[@]/#/$before}")
}

# The value of an option by what its help calls it.
_bounce_value() {
	case $1 in
	KEY=VALUE) _bounce_setting "$cur" ;;
	*'|'*) _bounce_among "${1//|/ }" ;;
	WHEN) _bounce_among "always never" ;;
	FORMAT) _bounce_among "table csv jsonl json" ;;
	SIZE) _bounce_among "page slide" ;;
	MACHINE | NAME | FILE | DIR) _bounce_files '' ;;
	FILE.so) _bounce_files .so ;;
	esac
}

# The n-th argument of a verb, from 1.
_bounce_argument() {
	case $1 in
	run | check | explore | step)
		_bounce_among "$_bounce_experiments"
		_bounce_files .yaml
		;;
	lab)
		_bounce_among "$_bounce_labs"
		_bounce_files .yaml
		;;
	litmus) _bounce_files .litmus ;;
	report) if (($2 == 1)); then _bounce_results; else _bounce_among "$_bounce_views"; fi ;;
	plot) if (($2 == 1)); then _bounce_results; else _bounce_among "$_bounce_figures"; fi ;;
	list) _bounce_among "$_bounce_lists" ;;
	explain)
		_bounce_among "$_bounce_words"
		[[ $cur == *.* ]] && _bounce_among "${!_bounce_keys[*]}"
		;;
	help) _bounce_among "$_bounce_verbs" ;;
	import | calibrate) _bounce_files '' ;;
	*) _bounce_results ;;
	esac
}

# "=" and ":" are words of their own to bash: they are joined again.
_bounce() {
	local words=() word glue='' cur verb option arguments=0 i
	COMPREPLY=()
	for ((i = 1; i <= COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [[ $word == [=:]* || $glue ]] && ((${#words[@]})); then
			words[-1]+=$word
		else
			words+=("$word")
		fi
		glue=''
		[[ $word == [=:] ]] && glue=1
	done
	cur=${words[-1]}
	verb=${words[0]}
	if ((${#words[@]} == 1)); then
		_bounce_among "$_bounce_verbs help version"
		return
	fi
	if [[ $cur == --*=* ]]; then
		option=${cur%%=*}
		cur=${cur#*=}
		for word in ${_bounce_options[$verb]}; do
			[[ $word == "$option="* ]] && _bounce_value "${word#*=}"
		done
		return
	fi
	option=${words[-2]}
	if [[ $option == --* ]]; then
		for word in ${_bounce_options[$verb]}; do
			if [[ $word == "$option="* ]]; then
				_bounce_value "${word#*=}"
				return
			fi
		done
	fi
	if [[ $cur == -* ]]; then
		for word in ${_bounce_options[$verb]}; do
			[[ ${word%%=*} == "$cur"* ]] || continue
			COMPREPLY+=("${word%%=*}")
		done
		return
	fi
	for ((i = 1; i < ${#words[@]}; i++)); do
		[[ ${words[i]} == -* ]] && continue
		[[ ${words[i - 1]} == --* && ${words[i - 1]} != *=* && " ${_bounce_options[$verb]} " == *" ${words[i - 1]}="* ]] && continue
		((arguments++))
	done
	_bounce_argument "$verb" "$arguments"
}

complete -F _bounce bounce
