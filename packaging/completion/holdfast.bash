# SPDX-License-Identifier: GPL-2.0-or-later
# Bash completion for holdfast. Commands, options and keywords are asked of the program, whose
# tables have them.

_holdfast()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} program=${COMP_WORDS[0]} words

	COMPREPLY=()
	if ((COMP_CWORD == 1)) || { ((COMP_CWORD == 2)) && [[ ${COMP_WORDS[1]} == help ]]; }; then
		words=$("$program" help 2>/dev/null | sed -n 's/^  \([a-z-]*\) .*/\1/p')
	elif [[ $cur == -* ]]; then
		words=$("$program" help "${COMP_WORDS[1]}" 2>/dev/null | grep -o -- '--*[a-zA-Z][a-z-]*')
	elif [[ $prev == --log || $prev == --log-format || $prev == --log-level ]]; then
		words=$("$program" help "${COMP_WORDS[1]}" 2>/dev/null | sed -n "s/.*\[$prev \([a-z|]*\)\].*/\1/p" | tr '|' ' ')
	elif [[ ${COMP_WORDS[1]} == explain ]]; then
		words=$({ "$program" explain --list; "$program" explain --ours; } 2>/dev/null | awk -F '\t' '{ print $1; print $1 "." $2; print $2 }' |
			grep -x '[][A-Za-z0-9_.:/-]*' | sort -u)
	else
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -F _holdfast holdfast
