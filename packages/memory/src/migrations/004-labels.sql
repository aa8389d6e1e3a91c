-- Labels (packages/contract/src/labels.ts) of what is kept here, each by the number of its set in roost.label_set. Who may read a file
-- follows from its place; trust and sources follow from who wrote it.

-- Of the version that is recorded. `sections`: which lines have which, [[first line, count, number], …]; null: all have `labels`.
alter table memory.file add column labels integer not null default 1;
alter table memory.file add column sections jsonb;
-- What was recorded before there were labels is the person's, where no program writes.
update memory.file set labels = 2 where path !~ '^work/' and path !~ '-state\.json$';

alter table memory.state add column labels integer not null default 1;
alter table memory.message add column labels integer not null default 1;
-- Of the conversation as it was compacted.
alter table memory.session add column compacted_labels integer not null default 1;
