-- Labels (packages/contract/src/labels.ts) of what is kept here, each by the number of its set in roost.label_set. Who may read a file
-- follows from its place; trust and sources follow from who wrote it.

-- Of the version that is recorded. `sections`: which lines have which, [[first line, count, number], …]; null: all have `labels`.
alter table memory.file add column labels integer not null default 1;
alter table memory.file add column sections jsonb;
-- Invariant: only what was recorded before there were labels, where no program writes, is taken for the person's.
update memory.file set labels = 2 where path !~ '^work/' and path !~ '-state\.json$';

-- Of the present value.
alter table memory.state add column labels integer not null default 1;
-- Of what the message says.
alter table memory.message add column labels integer not null default 1;
-- Of the conversation as it was compacted.
alter table memory.session add column compacted_labels integer not null default 1;
