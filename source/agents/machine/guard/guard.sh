#!/bin/sh
# The guard of a machine that is ours: it ends the machine at its deadline, when nobody lifts its boot lease, or when nobody works there.

duration=__DURATION__
lease_time=__LEASE__
inactivity=__INACTIVITY__
metadata=__METADATA__
. ./basis.sh
. ./clock.sh
. ./observe.sh
. ./notice.sh
. ./host-key.sh
. ./verbs.sh
