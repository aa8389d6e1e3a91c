-- A gateway that signs.
insert into service.signer (id, kind, name, public_key, expires_at) values
  ('0193a000-0000-7000-8000-000000000001', 'gateway', 'gateway', '\x00', roost.now() + interval '1 day');
