-- The tables of domain services and the functions by which their roles reach the log. Long because this is the whole first schema.

-- Who signs calls: each process has a key pair of its own; only the public half is stored, with which nothing can be forged.

create table service.signer (
  id         uuid primary key,
  -- A worker signs for the runs that it owns, a gateway for its callers, a service for itself.
  kind       text not null check (kind in ('worker', 'gateway', 'service')),
  name       text not null,
  -- Ed25519, SubjectPublicKeyInfo.
  public_key bytea not null,
  -- Who added it. Invariant: its key counts for as long as this role may log in, so that a host that is put out signs nothing any more.
  login      name not null default session_user,
  created_at timestamptz not null default roost.now(),
  -- What it signed counts until then; the process makes another in time.
  expires_at timestamptz not null
);
create index signer_expiry on service.signer (expires_at);

-- The one way to a public key, also for roles that may read no table.
create function service.find_signer_1(signer_id uuid, out kind text, out name text, out public_key bytea, out expires_at timestamptz)
  returns setof record language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select s.kind, s.name, s.public_key, s.expires_at from service.signer s join pg_catalog.pg_roles r on r.rolname = s.login
  where s.id = signer_id and s.expires_at > roost.now() and r.rolcanlogin
$$;

-- Domain services: who they are, where they run, and the functions by which their roles reach the log. A service works as a role that
-- owns one schema and may touch nothing else; each function below asks who calls and does no more than that caller may.
-- Locks are taken in the kernel's order: what the function itself writes, then the heads of partitions, last.

create table service.service (
  name          text collate "C" primary key check (name ~ '^[a-z][a-z0-9-]{0,30}$'),
  title         text not null,
  -- What its logins become: nobody logs in as it.
  role_name     name not null unique,
  schema_name   text not null unique,
  -- What the agents of its domain are told of it.
  guide         text not null default '',
  -- Of the contract that was installed last; null: it was never loaded.
  contract_hash text,
  -- Why it cannot run, and what an administrator has to do; null: it can.
  reason        text,
  statements    text[] not null default '{}',
  -- Named in the home's settings.
  is_enabled    boolean not null default true,
  -- How often its program was put in place while Roost runs: a process that loaded an earlier one is replaced.
  load_count    integer not null default 0,
  installed_at  timestamptz not null default roost.now()
);

-- Logins of the home and of joined hosts, each for one service, whose role it becomes at once. Invariant: it counts for as long as it may log in.
create table service.login (
  role_name name primary key,
  service   text collate "C" not null references service.service (name)
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

-- Processes that host services. Invariant: one lease for all that a process hosts. Its id is known to the services in it alone.
create table service.process (
  id         uuid primary key,
  host       text not null,
  pid        integer not null,
  started_at timestamptz not null default roost.now(),
  expires_at timestamptz not null
);

-- The address table: an instance is there for as long as its process renews its lease.
create table service.instance (
  id            uuid primary key,
  service       text collate "C" not null references service.service (name),
  process       uuid not null references service.process (id) on delete cascade,
  url           text not null,
  contract_hash text not null,
  started_at    timestamptz not null default roost.now()
);
create index instance_of_service on service.instance (service);
create index instance_of_process on service.instance (process);

-- What the consumers of services read, as they said at their start.
create table service.consumer (
  service text collate "C" not null references service.service (name),
  name    text collate "C" not null,
  types   text[] not null,
  primary key (service, name)
);

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

-- Services of other makers that a person has added. Invariant: secrets are references, never values.
create table service.third_party (
  name        text primary key,
  title       text not null,
  -- Where it is called.
  server      text not null,
  -- Where its document is from, and its hash.
  source      text not null,
  source_hash text not null,
  -- What was chosen of it, as an OpenAPI document, and its hash.
  document    jsonb not null,
  hash        text not null,
  operation_count integer not null,
  secrets     jsonb not null,
  added_at    timestamptz not null default roost.now()
);

-- The service whose login this is. `session_user`: inside these functions the current user is their owner.
create function service.caller_1() returns text language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  found_name text;
begin
  select l.service into found_name from service.login l join pg_catalog.pg_roles r on r.rolname = l.role_name where l.role_name = session_user and r.rolcanlogin;
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

-- The database's clock, by which calls are signed and expire: the machines of those who sign and those who check may differ by minutes.
create function service.now_1() returns timestamptz language sql stable security definer set search_path = pg_catalog, pg_temp as $$ select roost.now() $$;

-- Nothing is granted to public: each role gets its grants when its service is installed.
revoke execute on all functions in schema service from public;

-- What the role of a service may do beside its own schema. Each function asks who calls and does no more than that caller may.

-- Appends events of a service's own types to its own topics, in the order given; the last statement of its transaction.
-- Invariant: a service says nothing in another's name: topic, source and labels are the caller's. Heads are locked in one order.
create function service.emit_1(
  event_types text[], event_versions integer[], event_partitions integer[], event_ids text[], event_subjects text[], event_keys text[],
  event_correlations text[], event_causations text[], event_traceparents text[], event_labels text[], payloads jsonb
) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  caller text := service.caller_1();
  n integer := cardinality(event_types);
  unknown text;
  topics text[];
  head_topics text[];
  head_partitions integer[];
  head_counts integer[];
  event_heads integer[];
  event_places integer[];
begin
  if n > 1000 or jsonb_array_length(payloads) <> n then
    raise exception 'a service emits 1 to 1000 events at once, each with its data, not %', n using errcode = 'invalid_parameter_value';
  end if;
  select string_agg(distinct e.type || ' version ' || e.version, ', ') into unknown
    from unnest(event_types, event_versions) as e(type, version)
    where not exists (select from roost.event_schema s join service.topic t on t.topic = s.topic and t.service = caller
      where s.type = e.type and s.version = e.version);
  if unknown is not null then
    raise exception 'service "%" may not emit %: it is registered for none of its topics', caller, unknown using errcode = 'insufficient_privilege';
  end if;
  with e as (
    select s.topic, g.partition, g.place from unnest(event_types, event_versions, event_partitions) with ordinality as g(type, version, partition, place)
    join roost.event_schema s on s.type = g.type and s.version = g.version
  ),
  h as (
    select e.topic, e.partition, count(*)::integer as count, row_number() over (order by e.topic collate "C", e.partition)::integer as head
    from e group by e.topic, e.partition
  ),
  p as (
    select e.place, e.topic, h.head, (row_number() over (partition by h.head order by e.place) - 1)::integer as at
    from e join h on h.topic = e.topic and h.partition = e.partition
  )
  select (select array_agg(h.topic order by h.head) from h), (select array_agg(h.partition order by h.head) from h),
    (select array_agg(h.count order by h.head) from h), array_agg(p.head order by p.place), array_agg(p.at order by p.place)
    into head_topics, head_partitions, head_counts, event_heads, event_places from p;
  perform roost.append_events_1(head_topics, head_partitions, head_counts, event_heads, event_places, event_ids, event_types, event_versions,
    array_fill('service:' || caller, array[n]), event_subjects, event_keys, event_correlations, event_causations, event_traceparents,
    roost.number_label_sets_1(array(select service.cap_labels_1(caller, l) from unnest(event_labels) with ordinality as g(l, place) order by place)),
    payloads);
end $$;

-- How many partitions the topic of an event type of its own has: the key of an event decides its partition.
create function service.partitions_1(out type text, out version integer, out partition_count integer)
  returns setof record language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select s.type, s.version, t.partition_count from roost.event_schema s
  join service.topic o on o.topic = s.topic and o.service = service.caller_1()
  join roost.topic t on t.name = s.topic
$$;

-- Where the partitions of topics begin and end; of all that have one of these event types.
create function service.ends_1(event_types text[], out topic text, out partition integer, out first_offset bigint, out next_offset bigint)
  returns setof record language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select h.topic, h.partition, greatest(h.first_offset, least(t.offsets_from, h.next_offset)), h.next_offset
  from roost.partition_head h join roost.topic t on t.name = h.topic
  where service.caller_1() is not null and h.topic in (select s.topic from roost.event_schema s where s.type = any(event_types))
  order by h.topic, h.partition
$$;

-- Events of a partition between two offsets. Invariant: a service reads what is for every session or for its own domain, and nothing else.
create function service.read_events_1(
  topic_name text, partition_number integer, from_offset bigint, until_offset bigint, event_types text[],
  out "offset" bigint, out id text, out type text, out version integer, out source text, out subject text, out "time" timestamptz,
  out data jsonb, out correlation text, out causation text, out traceparent text, out labels text, out "key" text
) returns setof record language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select e."offset", e.id, e.type, e.version, e.source, e.subject, e.time, e.data, e.correlation, e.causation, e.traceparent, s.text, coalesce(e.key, e.subject, e.id)
  from roost.event e join roost.label_set s on s.number = e.labels
  where e.topic = topic_name and e.partition = partition_number and e."offset" >= from_offset and e."offset" < until_offset
    and e.type = any(event_types)
    and not exists (
      select from unnest(string_to_array(s.text, ' ')) as l where l like 'aud:%' and l <> 'aud:domain:' || (select service.caller_1()))
  order by e."offset"
$$;

-- The name of a consumer's group in the log. Invariant: a service moves no cursor but its own.
create function service.group_1(consumer text) returns text language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select format('service.%s.%s', service.caller_1(), consumer)
$$;

-- What the caller's consumer says of itself: after how many attempts a failing event is given up (null: it stops its partition), and
-- whether retention keeps what it has not read.
create function service.declare_consumer_1(consumer text, most_attempts integer, event_types text[], pins boolean) returns void
  language sql security definer set search_path = pg_catalog, pg_temp as $$
  insert into service.consumer as c (service, name, types) values (service.caller_1(), consumer, event_types)
    on conflict (service, name) do update set types = excluded.types where c.types is distinct from excluded.types;
  select roost.declare_group_1(service.group_1(consumer), most_attempts,
    case when pins then array(select distinct s.topic from roost.event_schema s where s.type = any(event_types) order by s.topic) else '{}' end)
$$;

-- As roost.lock_cursor_1, of a consumer of the caller.
create function service.lock_cursor_1(consumer text, topic_name text, partition_number integer,
  out place bigint, out first_offset bigint, out next_offset bigint)
  language sql security definer set search_path = pg_catalog, pg_temp as $$
  select l.place, l.first_offset, l.next_offset from roost.lock_cursor_1(service.group_1(consumer), topic_name, partition_number, false) as l
$$;

-- As roost.require_seen_1. Invariant: a reader passes over no event that its connection does not see yet.
create function service.require_seen_1(topic_name text, partition_number integer, until_offset bigint) returns void
  language sql security definer set search_path = pg_catalog, pg_temp as $$
  select roost.require_seen_1(topic_name, array[partition_number], array[until_offset])
$$;

-- As roost.move_cursor_1. Invariant: only from where the reader began.
create function service.move_cursor_1(consumer text, topic_name text, partition_number integer, from_offset bigint, next_place bigint) returns boolean
  language sql security definer set search_path = pg_catalog, pg_temp as $$
  select roost.move_cursor_1(service.group_1(consumer), topic_name, partition_number, from_offset, next_place)
$$;

-- As roost.fail_cursor_1.
create function service.fail_cursor_1(consumer text, topic_name text, partition_number integer, at_offset bigint, problem text) returns void
  language sql security definer set search_path = pg_catalog, pg_temp as $$
  select roost.fail_cursor_1(service.group_1(consumer), topic_name, partition_number, at_offset, jsonb_build_object('code', 'internal', 'message', left(problem, 2000)))
$$;

-- Sets an event aside for its key, with the reason, or, without one, behind earlier ones of the key when there are some. Returns whether it did.
-- Invariant: what is set aside is given back to the service, so it is nothing that the service may not read.
create function service.park_1(consumer text, topic_name text, partition_number integer, at_offset bigint, problem text, most_attempts integer)
  returns boolean language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  own text := service.group_1(consumer);
  event_key text;
  is_first boolean;
begin
  if problem is null and not exists (select from roost.dead_letter d where d.group_name = own) then return false; end if;
  select r.key into event_key from service.read_events_1(topic_name, partition_number, at_offset, at_offset + 1, array(
    select e.type from roost.event e where e.topic = topic_name and e.partition = partition_number and e."offset" = at_offset)) as r;
  if event_key is null then return false; end if;
  is_first := not exists (select from roost.dead_letter d where d.group_name = own and d.key = event_key);
  if is_first and problem is null then return false; end if;
  perform roost.park_1(own, event_key, topic_name, partition_number, array[at_offset],
    case when is_first then jsonb_build_object('code', 'internal', 'message', left(problem, 2000)) end, most_attempts);
  return true;
end $$;

-- The first event that the caller's consumer has set aside and that is due again, kept from its other instances until the transaction ends.
create function service.next_letter_1(consumer text, out number bigint, out event jsonb)
  language sql security definer set search_path = pg_catalog, pg_temp as $$
  select d.number, d.event from roost.dead_letter d
  where d.group_name = service.group_1(consumer) and d.attempts < d.attempts_max and coalesce(d.retry_at <= roost.now(), true)
    and not exists (select from roost.dead_letter b where b.group_name = d.group_name and b.key = d.key and b.number < d.number)
  order by d.number limit 1 for update of d skip locked
$$;

-- It was delivered, or failed again: then with the reason.
create function service.end_letter_1(consumer text, letter bigint, problem text) returns void
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform from roost.dead_letter d where d.number = letter and d.group_name = service.group_1(consumer);
  if not found then return; end if;
  if problem is null then
    delete from roost.dead_letter d where d.number = letter;
  else
    perform roost.fail_letter_1(letter, jsonb_build_object('code', 'internal', 'message', left(problem, 2000)));
  end if;
end $$;

-- Puts a consumer back to the oldest offsets that are kept: its tables are built again from the log.
create function service.restart_consumer_1(consumer text) returns void language sql security definer set search_path = pg_catalog, pg_temp as $$
  delete from roost.cursor c where c.group_name = service.group_1(consumer)
$$;

-- The epoch of a lease when it is the holder's now, else null. The same holder keeps its epoch.
create function service.take_lease_1(lease_name text, lease_holder uuid, ttl_ms bigint) returns bigint
  language sql security definer set search_path = pg_catalog, pg_temp as $$
  insert into service.lease as l (service, name, holder, epoch, expires_at)
    values (service.caller_1(), lease_name, lease_holder, nextval('service.lease_epoch'), roost.now() + least(ttl_ms, 3600000) * interval '1 ms')
  on conflict (service, name) do update set holder = excluded.holder, expires_at = excluded.expires_at,
    epoch = case when l.holder = excluded.holder and l.expires_at > roost.now() then l.epoch else excluded.epoch end
    where l.holder = excluded.holder or l.expires_at <= roost.now()
  returning epoch
$$;

-- Invariant: only its holder gives a lease back.
create function service.release_lease_1(lease_name text, lease_holder uuid) returns boolean
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  delete from service.lease l where l.service = service.caller_1() and l.name = lease_name and l.holder = lease_holder;
  return found;
end $$;

-- Whether an idempotency key is new; a second caller waits for the first one's commit, and then gets its result.
create function service.remember_1(key_scope text, key_name text, key_fingerprint text, keep_ms bigint, out is_new boolean, out is_same boolean, out result jsonb)
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  own text := format('service.%s:%s', service.caller_1(), key_scope);
  known roost.idempotency_key;
begin
  insert into roost.idempotency_key as k (scope, key, fingerprint, created_at, expires_at)
    values (own, key_name, key_fingerprint, roost.now(), roost.now() + least(keep_ms, 34560000000) * interval '1 ms')
    on conflict (scope, key) do update set fingerprint = excluded.fingerprint, result = null, created_at = excluded.created_at, expires_at = excluded.expires_at
      where k.expires_at <= roost.now();
  is_new := found;
  select * into known from roost.idempotency_key k where k.scope = own and k.key = key_name;
  is_same := known.fingerprint is not distinct from key_fingerprint;
  result := case when is_new then null else known.result end;
end $$;

-- The result of a key, in the transaction that made it new; at most 256 KiB.
create function service.keep_result_1(key_scope text, key_name text, kept jsonb) returns void
  language sql security definer set search_path = pg_catalog, pg_temp as $$
  update roost.idempotency_key k set result = kept where k.scope = format('service.%s:%s', service.caller_1(), key_scope) and k.key = key_name
    and pg_column_size(kept) <= 262144
$$;

-- Answers of the caller's operations by idempotency key, as the home's own are kept: two minutes for an attempt, seven days for its answer.
-- Invariant: of any number of calls with a key one begins; only the attempt that has the token says what came of it.
create function service.begin_answer_1(answer_scope text, answer_key text, input_fingerprint text, attempt uuid, may_repeat boolean) returns boolean
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into roost.answer as known (scope, key, fingerprint, token, begun_at, busy_until, expires_at)
    values (format('service.%s:%s', service.caller_1(), answer_scope), answer_key, input_fingerprint, attempt, roost.now(),
      roost.now() + interval '2 minutes', roost.now() + interval '7 days')
    on conflict (scope, key) do update
      set fingerprint = excluded.fingerprint, token = excluded.token, begun_at = excluded.begun_at, busy_until = excluded.busy_until,
        expires_at = excluded.expires_at, ended_at = null, output = null, output_bytes = null
      where known.expires_at <= roost.now()
        or (may_repeat and known.ended_at is null and known.busy_until <= roost.now() and known.fingerprint = excluded.fingerprint);
  return found;
end $$;

-- What is known of a key of the caller.
create function service.read_answer_1(
  answer_scope text, answer_key text,
  out fingerprint text, out begun_at timestamptz, out ended_at timestamptz, out is_busy boolean, out output text, out bytes integer
) returns setof record language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select a.fingerprint, a.begun_at, a.ended_at, a.busy_until > roost.now(),
    coalesce(a.output, (select l.output from roost.long_answer l where l.scope = a.scope and l.key = a.key)), a.output_bytes
  from roost.answer a where a.scope = format('service.%s:%s', service.caller_1(), answer_scope) and a.key = answer_key
$$;

-- Only the attempt that has the token says what came of it.
create function service.keep_answer_1(answer_scope text, answer_key text, attempt uuid, kept text, kept_bytes integer) returns void
  language sql security definer set search_path = pg_catalog, pg_temp as $$
  select roost.keep_answer_1(format('service.%s:%s', service.caller_1(), answer_scope), answer_key, attempt, kept, kept_bytes)
$$;

-- A key whose attempt may have done something stays taken; its outcome is not known.
create function service.forget_answer_1(answer_scope text, answer_key text, attempt uuid, is_free boolean) returns void
  language sql security definer set search_path = pg_catalog, pg_temp as $$
  with freed as (
    delete from roost.answer a where is_free and a.scope = format('service.%s:%s', service.caller_1(), answer_scope) and a.key = answer_key and a.token = attempt)
  update roost.answer a set busy_until = roost.now()
    where not is_free and a.scope = format('service.%s:%s', service.caller_1(), answer_scope) and a.key = answer_key and a.token = attempt
$$;

-- Says where an instance of the caller is, in a process that has a lease for all its instances.
create function service.announce_1(instance_id uuid, process_id uuid, instance_url text, hash text, process_host text, process_pid integer, ttl_ms bigint)
  returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  caller text := service.caller_1();
begin
  insert into service.process as p (id, host, pid, expires_at)
    values (process_id, process_host, process_pid, roost.now() + least(ttl_ms, 60000) * interval '1 ms')
    on conflict (id) do update set expires_at = excluded.expires_at;
  insert into service.instance as i (id, service, process, url, contract_hash) values (instance_id, caller, process_id, instance_url, hash)
    on conflict (id) do update set url = excluded.url, contract_hash = excluded.contract_hash where i.service = caller;
end $$;

-- The one look of a process, whatever it hosts: renews its lease once a third of it has passed, and tells which consumers of its services have
-- something to do. Unknown: it was away for so long that its instances have left. Expired processes leave, with their instances.
create function service.beat_1(process_id uuid, ttl_ms bigint, out is_known boolean, out due jsonb)
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform service.caller_1();
  delete from service.process p where p.expires_at < roost.now() - interval '1 minute' and p.id <> process_id;
  update service.process p set expires_at = roost.now() + least(ttl_ms, 60000) * interval '1 ms'
    where p.id = process_id and p.expires_at < roost.now() + least(ttl_ms, 60000) * interval '0.66 ms';
  is_known := exists (select from service.process p where p.id = process_id);
  select coalesce(jsonb_agg(jsonb_build_array(c.service, c.name)), '[]') into due
    from service.consumer c cross join lateral (select format('service.%s.%s', c.service, c.name) as own) g
    where c.service in (select i.service from service.instance i where i.process = process_id)
      and (exists (
        select from roost.partition_head h left join roost.cursor r on r.group_name = g.own and r.topic = h.topic and r.partition = h.partition
          where h.topic in (select s.topic from roost.event_schema s where s.type = any(c.types))
            and coalesce(r.next_offset, 0) < h.next_offset and coalesce(r.retry_at <= roost.now(), true))
      or exists (
        select from roost.dead_letter d where d.group_name = g.own and d.attempts < d.attempts_max and coalesce(d.retry_at <= roost.now(), true)
          and not exists (select from roost.dead_letter b where b.group_name = d.group_name and b.key = d.key and b.number < d.number)));
end $$;

-- Why the caller cannot run; null: it can.
create function service.report_1(problem text) returns void language sql security definer set search_path = pg_catalog, pg_temp as $$
  update service.service s set reason = left(problem, 2000) where s.name = service.caller_1()
$$;

-- How runs ended that called the caller: it knows their ids from their calls. No row: a run that is not kept any more.
create function service.run_outcomes_1(run_ids uuid[], out id uuid, out outcome text) returns setof record
  language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select r.id, case when r.ended_at is null then 'open' when r.state = 'done' then 'done' else 'failed' end
  from roost.run_all r where r.id = any(run_ids) and service.caller_1() is not null
$$;

-- The public key with which the caller signs its own calls of other services, for a day.
create function service.add_signer_1(signer_id uuid, public_key bytea) returns void language sql security definer set search_path = pg_catalog, pg_temp as $$
  with expired as (delete from service.signer s where s.expires_at < roost.now() - interval '1 day')
  insert into service.signer (id, kind, name, public_key, expires_at)
    values (signer_id, 'service', service.caller_1(), public_key, roost.now() + interval '1 day')
$$;

-- The public key of a worker for a day, also of one on another host, whose login may sign in no other name than a worker's.
create function service.add_worker_signer_1(signer_id uuid, signer_name text, public_key bytea) returns void
  language sql security definer set search_path = pg_catalog, pg_temp as $$
  with expired as (delete from service.signer s where s.expires_at < roost.now() - interval '1 day')
  insert into service.signer (id, kind, name, public_key, expires_at)
    values (signer_id, 'worker', signer_name, public_key, roost.now() + interval '1 day')
$$;

-- The home's time zone: what its person calls today.
create function service.time_zone_1() returns text language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select b.time_zone from roost.budget_setting b where service.caller_1() is not null
$$;

-- The contract by which its callers know the service: a program of another one is not to answer them.
create function service.accepted_contract_1() returns text language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select s.contract_hash from service.service s where s.name = service.caller_1()
$$;

-- Where the instances of a service are, for one that calls it; no row: there is no such service.
create function service.find_instances_1(called text, out title text, out reason text, out instances jsonb)
  returns setof record language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select s.title, s.reason, coalesce((select jsonb_agg(jsonb_build_object('id', i.id, 'url', i.url) order by i.started_at)
      from service.instance i join service.process p on p.id = i.process where i.service = s.name and p.expires_at > roost.now()), '[]')
  from service.service s where s.name = called and service.caller_1() is not null
$$;

-- An instance that stops is not called any more.
create function service.withdraw_1(instance_id uuid) returns void language sql security definer set search_path = pg_catalog, pg_temp as $$
  delete from service.instance i where i.id = instance_id and i.service = service.caller_1()
$$;

-- Nothing is granted to public: each role gets its grants when its service is installed.
revoke execute on all functions in schema service from public;
