-- A token of before counts afterwards.
insert into access.token (id, name, kind, sha256, ending, scopes, created_by)
  values ('0199c8a0-0000-7000-8000-000000000001', 'phone', 'device', 'an earlier one', 'abcd', '{*}', 'person:owner');
