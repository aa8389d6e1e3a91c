-- Jobs whose last run failed: told once when it begins and once when it is over, however often they fail in between.
create table roost.job_failure (
  job_id     text primary key references roost.job,
  since      timestamptz not null default roost.now(),
  -- The failed run that was seen last, and how many were seen.
  run_id     uuid not null,
  seen_count integer not null default 1 check (seen_count >= 1),
  reason     text not null
);
