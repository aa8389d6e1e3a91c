-- Who signs calls: each process has a key pair of its own; only the public half is stored, and whoever can read it can forge nothing.

create table service.signer (
  id         uuid primary key,
  -- A worker signs for the runs that it owns, a gateway for its callers, a service for itself.
  kind       text not null check (kind in ('worker', 'gateway', 'service')),
  name       text not null,
  -- Ed25519, SubjectPublicKeyInfo.
  public_key bytea not null,
  created_at timestamptz not null default roost.now(),
  -- What it signed counts until then; the process makes another in time.
  expires_at timestamptz not null
);
create index signer_expiry on service.signer (expires_at);

-- The one way to a public key, also for roles that may read no table.
create function service.find_signer_1(signer_id uuid, out kind text, out name text, out public_key bytea, out expires_at timestamptz)
  returns setof record language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select s.kind, s.name, s.public_key, s.expires_at from service.signer s where s.id = signer_id and s.expires_at > roost.now()
$$;
