-- What gateways of the home sign with. Invariants: a private key is in no table, only in a file of its gateway's machine; what a login has published counts
-- for as long as that login may log in, so that a host that is put out has signed nothing that counts.
create table access.signing_key (
  -- The login of those that have the private key.
  role_name  text collate "C" primary key,
  -- Ed25519, as SubjectPublicKeyInfo.
  public_key bytea not null,
  made_at    timestamptz not null default roost.now()
);

-- The home's token as gateways know it that do not have its file. Invariant: what stands here neither signs nor opens anything.
create table access.home_token (
  is_only     boolean primary key default true check (is_only),
  -- SHA-256 of the token's SHA-256, hexadecimal; null while the home has none.
  fingerprint text collate "C"
);

-- Publishes the key of the caller's login, in the place of the one before. A host's login has no right on the table: it signs in no other name.
create function access.publish_signing_key_1(public_key bytea) returns void language sql security definer set search_path = pg_catalog, pg_temp as $$
  delete from access.signing_key k where not exists (select from pg_catalog.pg_roles r where r.rolname = k.role_name);
  insert into access.signing_key as k (role_name, public_key) values (session_user, publish_signing_key_1.public_key)
    on conflict (role_name) do update set public_key = excluded.public_key, made_at = excluded.made_at where k.public_key <> excluded.public_key
$$;
revoke execute on function access.publish_signing_key_1(bytea) from public;
