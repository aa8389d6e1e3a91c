-- Files of the home that cannot be read or written, as the last look found them: each is set aside alone, told once, and forgotten
-- when a look finds it well. The rows follow the disk and can be dropped at any time.
create table memory.file_problem (
  path   text collate "C" primary key,
  reason text not null,
  since  timestamptz not null default roost.now()
);
