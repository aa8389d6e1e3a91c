-- Domain services: who they are, where they run, and the functions by which their roles reach the log. A service logs in as a role that
-- owns one schema and may touch nothing else; each function below asks who calls and does no more than that caller may.
-- Locks are taken in the kernel's order: what the function itself writes, then the heads of partitions, last.

create table service.service (
  name          text collate "C" primary key check (name ~ '^[a-z][a-z0-9-]{0,30}$'),
  title         text not null,
  -- What its connections log in as.
  role_name     name not null unique,
  schema_name   text not null unique,
  -- Of the contract that was installed last.
  contract_hash text not null,
  -- Why it cannot run, and what an administrator has to do; null: it can.
  reason        text,
  statements    text[] not null default '{}',
  installed_at  timestamptz not null default roost.now()
);

-- Invariant: a topic belongs to one service, which alone appends to it.
create table service.topic (
  topic   text collate "C" primary key,
  service text collate "C" not null references service.service (name)
);

-- A contract as a document, by its content: what callers learn a service by, without a restart.
create table service.contract (
  hash       text collate "C" primary key,
  service    text collate "C" not null,
  document   jsonb not null,
  created_at timestamptz not null default roost.now()
);

-- The address table: an instance is there for as long as it renews its lease.
create table service.instance (
  id            uuid primary key,
  service       text collate "C" not null references service.service (name),
  url           text not null,
  contract_hash text not null,
  host          text not null,
  pid           integer not null,
  started_at    timestamptz not null default roost.now(),
  expires_at    timestamptz not null
);
create index instance_of_service on service.instance (service);

-- Epochs come from one sequence, so a lease that lapsed and is taken again never repeats one.
create sequence service.lease_epoch;
create table service.lease (
  service    text collate "C" not null references service.service (name),
  name       text collate "C" not null,
  holder     uuid not null,
  epoch      bigint not null,
  expires_at timestamptz not null,
  primary key (service, name)
);

-- The service whose role has logged in. `session_user`: inside these functions the current user is their owner.
create function service.caller_1() returns text language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  found_name text;
begin
  select s.name into found_name from service.service s where s.role_name = session_user;
  if found_name is null then
    raise exception 'role "%" is no service of this home', session_user using errcode = 'insufficient_privilege';
  end if;
  return found_name;
end $$;

-- Labels as a service may set them: for its own domain at least, trusted as an agent at most. What cannot be read counts as untrusted.
create function service.cap_labels_1(caller text, labels text) returns text language sql immutable set search_path = pg_catalog, pg_temp as $$
  with part as (select distinct p from unnest(string_to_array(coalesce(labels, ''), ' ')) as p where p <> ''),
  readable as (select p from part where p ~ '^(aud|src|trust):[^ ]{1,250}$'),
  kept as (
    select p, 1 as place from readable where p like 'aud:%'
    union select 'aud:domain:' || caller, 1
    union select p, 2 from readable where p like 'src:%'
    union select case when exists (select from part where p not in (select p from readable)) or not exists (select from readable where p in ('trust:agent', 'trust:owner'))
      or exists (select from readable where p = 'trust:untrusted') then 'trust:untrusted' else 'trust:agent' end, 3
  )
  select string_agg(p, ' ' order by place, p collate "C") from kept
$$;

-- Nothing is for everybody: each role is granted what it is to have when its service is installed.
revoke execute on all functions in schema service from public;
