-- How a digest tells of an event type: one line with fields of its data in braces. Null: it does not.
alter table roost.event_schema add column digest text;
