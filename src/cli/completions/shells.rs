//! The scripts of the shells: each asks `lexi __complete` what can stand at the cursor.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::args::Args;

/// Bash splits words at `=` and `:`; they are put together again, and what was typed before them is left out of the answer.
const BASH: &str = r#"_lexi() {
    local IFS=$'\n' word reply last=-1 i
    local -a words=()
    for ((i = 1; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if ((last >= 0)) && [[ $word == [=:]* || ${words[last]} == *[=:] ]]; then
            words[last]+=$word
        else
            words[++last]=$word
        fi
    done
    local current=${words[last]}
    local before=${current%"${current##*[=:]}"}
    COMPREPLY=()
    for reply in $(lexi __complete -- "${words[@]}" 2>/dev/null | cut -f1); do
        COMPREPLY+=("$(printf '%q' "${reply#"$before"}")")
    done
    [[ ${#COMPREPLY[@]} -eq 0 ]] && compopt -o default 2>/dev/null
    return 0
}
complete -F _lexi lexi
"#;

const ZSH: &str = r#"#compdef lexi
_lexi() {
    local -a found
    found=(${(f)"$(lexi __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null | sed 's/:/\\:/g; s/\t/:/')"})
    if (( ${#found} )); then _describe 'lexi' found; else _files; fi
}
compdef _lexi lexi
"#;

const FISH: &str = r"complete -c lexi -e
complete -c lexi -a '(lexi __complete -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
";

/// The script of a shell.
pub(super) fn script(shell: Shell) -> Vec<u8> {
    match shell {
        Shell::Bash => BASH.into(),
        Shell::Zsh => ZSH.into(),
        Shell::Fish => FISH.into(),
        other => {
            let mut script = Vec::new();
            clap_complete::generate(other, &mut Args::command(), "lexi", &mut script);
            script
        }
    }
}
