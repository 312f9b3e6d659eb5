#!/bin/sh
# Ends every part of the SLURM in the folder $1 that runs.
for part in slurmd slurmctld munged; do
    if [ -s "$1/$part.pid" ]; then
        process=$(cat "$1/$part.pid")
        kill "$process"
        tries=0
        while kill -0 "$process" 2> /dev/null && [ "$tries" -lt 50 ]; do
            tries=$((tries + 1))
            sleep 0.2
        done
    fi
done
