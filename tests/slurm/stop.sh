#!/bin/sh
# Ends every part of the SLURM in the folder $1 that runs, and its jobs.
folder=$(cd "$1" && pwd -P)

# Whether $process is the program $part still; one that has ended and waits for its parent is not.
runs() {
    tr '\0' ' ' 2> /dev/null < "/proc/$process/cmdline" | grep -q "$part"
}

# Whether $process is of a job: what watches over it, or what it has started.
is_of_a_job() {
    if [ "$(cat "/proc/$process/comm")" = slurmstepd ]; then
        [ "$(readlink "/proc/$process/cwd")" = "$folder" ]
    else
        grep -qz '^SLURM_JOB_ID=' "/proc/$process/environ" &&
            grep -qzFx "SLURM_CONF=$folder/slurm.conf" "/proc/$process/environ"
    fi
}

for file in "$folder"/slurmd.*.pid "$folder/slurmctld.pid" "$folder/munged.pid"; do
    [ -s "$file" ] || continue
    process=$(cat "$file")
    part=${file##*/}
    part=${part%%.*}
    ! runs || kill "$process"
    tries=0
    while runs && [ "$tries" -lt 50 ]; do
        tries=$((tries + 1))
        sleep 0.2
    done
    ! runs || kill -KILL "$process"
done
# Jobs outlive their nodes and their parents; the second round is for what starts during the first.
for round in 1 2; do
    for path in /proc/[0-9]*; do
        process=${path#/proc/}
        ! is_of_a_job 2> /dev/null || kill -KILL "$process"
    done
done
