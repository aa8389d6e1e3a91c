-- A large file that was watched, and one with versions.
insert into memory.file (path, sha256, bytes, stamp, modified_at, event_id) values
  ('films/long.bin', null, 2000000, '1:2000000:3', roost.now(), 'event-1'),
  ('notes/plan.md', repeat('a', 64), 3, '2:3:4', roost.now(), 'event-2');
