# fish completion for writetrace(8)
#
# Commands and options come from the help of the program itself, and what an option's value may be from the option's own
# help, so they are those of the version that is installed.

# __writetrace_ask PROGRAM ARGUMENT...: what it says, also for users who have it only as root
function __writetrace_ask
    set -lx PATH $PATH /usr/local/sbin /usr/sbin /sbin
    command $argv 2>/dev/null </dev/null
end

# __writetrace_options PROGRAM [COMMAND]: a line for each of its options: name, its value as in "=LIST" or "[=N]", help;
# with tabs between
function __writetrace_options
    __writetrace_ask $argv[1] help $argv[2] | awk '
        function put() {
            if (long && short) print short "\t" value "\t" text
            if (long) print long "\t" value "\t" text
            long = ""
        }
        /^  (-[A-Za-z],|   ) --[a-z]/ {
            put()
            short = substr($0, 3, 1) == "-" ? substr($0, 3, 2) : ""
            text = substr($0, 7)
            long = $0 = text
            sub(/[[= ].*/, "", long)
            value = substr($1, length(long) + 1)
            sub(/^[^ ]+ */, "", text)
            next
        }
        /^          / && long { sub(/^ +/, text ? " " : ""); text = text $0; next }
        { put() }
        END { put() }'
end

# __writetrace_commands PROGRAM: name and help of each
function __writetrace_commands
    __writetrace_ask $argv[1] help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\)  */\1\t/p'
end

# __writetrace_list VALUE: of the lines on stdin, "ITEM<tab>HELP", those whose items are not there yet, behind those that are
function __writetrace_list
    set -l before (string replace -r '[^,]*$' '' -- $argv[1])
    set -l there (string split , -- $before)
    while read -l line
        contains -- (string split -f 1 \t -- $line) $there
        or printf '%s%s\n' "$before" $line
    end
end

# __writetrace_value PROGRAM COMMAND OPTION KIND VALUE: what may stand for VALUE, by what help calls it
function __writetrace_value
    set -l value $argv[5]
    set -l command (string match -v -- '' $argv[2])
    switch (string replace -r '^\[?=([A-Z]*).*' '$1' -- $argv[4])
        case LIST
            __writetrace_choices $argv[1] $command $argv[3] help | __writetrace_list $value
        case NAME KEY WHEN
            __writetrace_choices $argv[1] $command $argv[3] help
        case PID
            ps -e -o pid=,comm= 2>/dev/null | string replace -r '^ *(\d+) +' '$1\t' | __writetrace_list $value
        case TID
            ps -e -L -o tid=,comm= 2>/dev/null | string replace -r '^ *(\d+) +' '$1\t' | __writetrace_list $value
        case USER
            __fish_complete_users | __writetrace_list $value
        case GLOB
            if contains -- $argv[3] -n --comm
                ps -e -o comm= 2>/dev/null | sort -u
            else
                complete -C "'' $value"
            end
        case FILE
            complete -C "'' $value"
        case DIR
            complete -C "'' $value" | string match -r '.*/(?=\t|$)'
        case PATH
            # a cgroup
            test -n "$value"
            or set value /sys/fs/cgroup/
            complete -C "'' $value" | string match -r '.*/(?=\t|$)'
    end
end

# __writetrace_choices PROGRAM ARGUMENT...: what it lists then, name and help of each
function __writetrace_choices
    # the last line says what a star means
    __writetrace_ask $argv | string match -v '\* *' | string replace -r ' \*$' ' (default)' | string replace -r ' +' '\t'
end

# __writetrace_sessions BPFFS: names of sessions that are pinned
function __writetrace_sessions
    command ls "$argv[1]/writetrace" 2>/dev/null | string match -r '^[A-Za-z0-9_-]+$' | string match -v -r '^(stage|trash)_'
end

# __writetrace_takes WORD OPTION-LINE...: the line of the option that WORD is, or ends with, if its value is the next word
function __writetrace_takes
    set -l option $argv[1]
    if not string match -q -- '--*' $option
        # -xe: the first that takes a value takes the rest of the word
        for letter in (string split '' -- (string sub -s 2 -- $option))
            set option -$letter
            string match -q -- "$option"\t'?*'\t'*' $argv[2..]
            and break
        end
        test "-$(string sub -s -1 -- $argv[1])" = $option
        or return
    end
    string match -- "$option"\t'=*' $argv[2..]
end

function __writetrace
    set -l words (commandline -opc)
    set -l cur (commandline -ct)
    set -l program (string replace -r '^~/' ~/ -- $words[1])
    set -l command ''
    set -l bpffs /sys/fs/bpf
    set -l arguments 0
    set -l takes
    set -l options (__writetrace_options $program)

    # which command, how many arguments, and whose turn is it: a value's, COMMAND's?
    set -l i 2
    while test $i -le (count $words)
        set -l word $words[$i]
        set i (math $i + 1)
        switch $word
            case --
                test $command = trace
                and complete -C (string join ' ' -- (string escape -- $words[$i..]) "$cur")
                return
            case '--bpffs=*'
                set bpffs (string replace -- --bpffs= '' $word)
            case '-*'
                set takes (__writetrace_takes $word $options)
                and test $i -le (count $words)
                or continue
                string match -q -- --bpffs\t'*' $takes
                and set bpffs $words[$i]
                set takes
                set i (math $i + 1)
            case '*'
                if test -n "$command"
                    set arguments (math $arguments + 1)
                else
                    set command $word
                    test $command = help
                    or set options (__writetrace_options $program $command)
                end
        end
    end

    if set -q takes[1]
        __writetrace_value $program "$command" (string split -f 1,2 \t -- $takes) "$cur"
    else if string match -q -- '--*=*' $cur
        set -l option (string replace -r '=.*' '' -- $cur)
        set -l known (string match -- "$option"\t'*' $options)
        and __writetrace_value $program "$command" (string split -f 1,2 \t -- $known) (string replace -r '^[^=]*=' '' -- $cur) |
            string replace -r -- '^' "$option="
    else if string match -q -- '-*' $cur
        string replace -r '\t.*\t' \t -- $options
    else
        switch $command
            case ''
                __writetrace_commands $program
            case help
                test $arguments -gt 0
                or __writetrace_commands $program
            case unpin
                __writetrace_sessions $bpffs
            case dump pin
                test $arguments -gt 0
                or __writetrace_sessions $bpffs
            case trace
                printf '%s\t%s\n' -- COMMAND
        end
    end
end

complete -c writetrace -f -a '(__writetrace)'
