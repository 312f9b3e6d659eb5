#!/bin/sh
# Starts a SLURM of one node, this machine, in the folder $1. Prints what keeps it from starting.
# Its parts end with `stop.sh`; commands find it by SLURM_CONF=$1/slurm.conf.
set -e
folder=$1
for program in munged mungekey slurmctld slurmd sinfo; do
    if ! command -v "$program" > "$folder/found"; then
        echo "there is no $program: install slurm-wlm and munge"
        exit 77
    fi
done
if [ "$(id -u)" != 0 ]; then
    echo 'only root can start it'
    exit 77
fi

host=$(hostname -s)
memory=$(($(sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo) / 1024 * 9 / 10))
mkdir -p "$folder/munge" "$folder/state" "$folder/spool"
chmod 755 "$folder" "$folder/munge"
cat > "$folder/slurm.conf" << END
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=16817
SlurmdPort=16818
AuthType=auth/munge
AuthInfo=socket=$folder/munge/socket
SlurmUser=root
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=1
JobAcctGatherParams=OverMemoryKill
SchedulerParameters=batch_sched_delay=0,sched_min_interval=100000
ReturnToService=2
MpiDefault=none
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=$memory
PartitionName=test Nodes=ALL Default=YES MaxTime=1:00:00 State=UP
END
echo 'IgnoreSystemd=yes' > "$folder/cgroup.conf"

mungekey --create --keyfile="$folder/munge/key"
munged --force --key-file="$folder/munge/key" --socket="$folder/munge/socket" \
    --pid-file="$folder/munged.pid" --log-file="$folder/munge/log" --seed-file="$folder/munge/seed"
export SLURM_CONF="$folder/slurm.conf"
if ! slurmctld -f "$SLURM_CONF" || ! slurmd -f "$SLURM_CONF" -N "$host"; then
    echo 'one of its parts does not start:'
    tail -n 5 "$folder"/slurm*.log
    exit 77
fi
tries=0
until [ "$(sinfo --noheader --format=%T 2> "$folder/sinfo.log")" = idle ]; do
    tries=$((tries + 1))
    if [ "$tries" = 60 ]; then
        echo 'its node does not come up:'
        tail -n 5 "$folder/sinfo.log" "$folder/slurmctld.log" "$folder/slurmd.log"
        exit 77
    fi
    sleep 0.5
done
