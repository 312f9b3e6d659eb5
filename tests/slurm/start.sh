#!/bin/sh
# Starts a SLURM of $2 nodes, or of one, in the folder $1, all on this machine. Prints what keeps it
# from starting. Its parts end with `stop.sh`; commands find it by SLURM_CONF=$1/slurm.conf, whose
# last lines are those of $1/extra.conf, if there is one: they go before lines of the same name.
set -e
folder=$(cd "$1" && pwd -P)
count=${2:-1}
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

touch "$folder/extra.conf"
host=$(hostname -s)
memory=$(($(sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo) / 1024 * 9 / 10 / count))
nodes=$host
names=$host
ports=16818
if [ "$count" != 1 ]; then
    nodes=$(seq -f node%.0f "$count")
    names="node[1-$count]"
    ports="[16818-$((16817 + count))]"
fi
mkdir -p "$folder/munge" "$folder/state" "$folder/spool"
chmod 755 "$folder" "$folder/munge"
cat > "$folder/slurm.conf" << END
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=16817
AuthType=auth/munge
AuthInfo=socket=$folder/munge/socket
SlurmUser=root
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool/%n
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.%n.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.%n.log
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
NodeName=$names NodeHostname=$host NodeAddr=127.0.0.1 Port=$ports CPUs=$(nproc) RealMemory=$memory
PartitionName=test Nodes=ALL Default=YES MaxTime=1:00:00 State=UP
END
cat "$folder/extra.conf" >> "$folder/slurm.conf"
echo 'IgnoreSystemd=yes' > "$folder/cgroup.conf"

mungekey --create --force --keyfile="$folder/munge/key"
munged --force --key-file="$folder/munge/key" --socket="$folder/munge/socket" \
    --pid-file="$folder/munged.pid" --log-file="$folder/munge/log" --seed-file="$folder/munge/seed"
export SLURM_CONF="$folder/slurm.conf"
is_up=yes
slurmctld -f "$SLURM_CONF" || is_up=no
for node in $nodes; do
    slurmd -f "$SLURM_CONF" -N "$node" || is_up=no
done
if [ "$is_up" = no ]; then
    echo 'one of its parts does not start:'
    # What does not take its configuration has no log, and has said why.
    tail -n 5 "$folder"/slurm*.log 2> "$folder/found" || true
    exit 77
fi
tries=0
# Started again in its folder, it goes on with the jobs that it had.
until sinfo --noheader --format=%T > "$folder/sinfo.log" 2>&1 &&
    ! grep -qvxE 'idle|mixed|allocated|completing' "$folder/sinfo.log"; do
    tries=$((tries + 1))
    if [ "$tries" = 60 ]; then
        echo 'not every node comes up:'
        tail -n 5 "$folder/sinfo.log" "$folder"/slurm*.log
        exit 77
    fi
    sleep 0.5
done
