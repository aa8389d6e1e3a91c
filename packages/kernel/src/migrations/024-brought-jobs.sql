-- The definition of a job as it was last brought from elsewhere (an import), before what was changed here: what a further import is compared with.
alter table roost.job add column brought jsonb;
