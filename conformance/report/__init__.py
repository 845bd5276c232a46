"""Reports: functions of a frozen Run; none of them knows how the run came about."""
