-- A person with a handle, for the messages that refer to them.
insert into svc_peeps.person (id, root, kind, is_listed, name, name_key, name_source, created_at)
values ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000001', 'person', true, 'Mara', 'mara', 'owner', now());

-- By which she writes.
insert into svc_peeps.handle (id, person_id, kind, norm, raw, source, first_seen)
values ('00000000-0000-4000-8000-000000000002', '00000000-0000-4000-8000-000000000001', 'email', 'mara@example.org', 'mara@example.org', 'person', now());
