-- A file that stands on the disk of a home which has not been compared with any history.
insert into memory.file (path, sha256, bytes, stamp, modified_at, event_id) values
  ('notes/plan.md', repeat('a', 64), 3, '2:3:4', roost.now(), 'event-1');
