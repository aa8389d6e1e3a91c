-- The fence: locks a run for its owner until the commit, and records outcomes of its steps. `is_held` is false when the run is not running
-- at that epoch, and then nothing is written. Each outcome: { seq, state, output, error, usage, costUsd, tokens, labels, runLabels, told, intent, shares };
-- `told` is what its event says beside the step itself, `intent` { name, kind, effect, hash, input, ms } makes the step when it is not there:
-- one that only read needs no record before its outcome; with `shares` the
-- long texts of its output are kept once for all steps. Events and spending are returned, and `event`, what all events of the run have: the caller settles what all its runs have spent
-- at once, and appends the events last.

-- Invariants: only the owner of a run writes. An outcome is never overwritten; the same owner bringing the same one again, after a lost
-- answer, changes nothing, and anything else is refused. A finished step is progress: the count of lost owners starts again. The labels of
-- a run only grow: those of the step that read more join them, whatever a call in the run's name has added meanwhile.
create or replace function roost.hold_run_1(
  p_run uuid, p_epoch bigint, p_outcomes jsonb,
  out is_held boolean, out labels integer, out cause_id text, out event roost.told, out is_cancelling boolean,
  out cancel_reason text, out serial_key text, out slot text, out reservation_count integer, out events roost.told[],
  out spent_seqs integer[], out cost_usds numeric[], out spent_tokens bigint[]
) language plpgsql as $$
#variable_conflict use_column
declare
  r record;
  s record;
  o jsonb;
  kept jsonb;
  kept_texts bytea[];
  types text[] := '{}';
  payloads jsonb[] := '{}';
begin
  spent_seqs := '{}';
  cost_usds := '{}';
  spent_tokens := '{}';
  select x.key_hash, x.labels, x.correlation, x.traceparent, x.cause_id, x.cancel_requested_at, x.cancel_reason, x.serial_key, x.slot, x.reservation_count, x.stall_count
    into r from roost.run x where x.id = p_run and x.epoch = p_epoch and x.state = 'running' for no key update;
  is_held := found;
  if not is_held then return; end if;
  labels := r.labels;
  cause_id := r.cause_id;
  is_cancelling := r.cancel_requested_at is not null;
  cancel_reason := r.cancel_reason;
  serial_key := r.serial_key;
  slot := r.slot;
  reservation_count := r.reservation_count;
  for n in 0 .. jsonb_array_length(p_outcomes) - 1 loop
    o := p_outcomes -> n;
    kept := o -> 'output';
    kept_texts := null;
    if o ? 'shares' then select k.output, k.texts into kept, kept_texts from roost.share_texts_1(kept) as k; end if;
    if o ? 'intent' then
      insert into roost.step as x (run_id, seq, name, kind, effect, state, attempt, epoch, idempotency_key, input_hash, input,
          output, texts, error, usage, cost_usd, started_at, ended_at, labels)
        select p_run, (o ->> 'seq')::integer, i ->> 'name', i ->> 'kind', i ->> 'effect', o ->> 'state', 1, p_epoch, p_run || ':' || (o ->> 'seq'),
          i ->> 'hash', i -> 'input', kept, kept_texts, o -> 'error', o -> 'usage', (o ->> 'costUsd')::numeric,
          roost.now() - (i ->> 'ms')::float8 * interval '1 millisecond', roost.now(), coalesce((o ->> 'labels')::integer, r.labels)
        from (select o -> 'intent' as i) as begun
        on conflict (run_id, seq) do update set
          state = excluded.state, output = excluded.output, texts = excluded.texts, error = excluded.error, usage = excluded.usage, cost_usd = excluded.cost_usd, epoch = p_epoch,
          attempt = x.attempt + 1, reopened = false, resolution = null, started_at = excluded.started_at, ended_at = excluded.ended_at, labels = excluded.labels
        where x.state = 'intent' or x.state = 'failed' and x.reopened
        returning x.seq, x.name, x.kind, x.attempt, x.effect, x.idempotency_key, x.started_at, x.ended_at into s;
    else
      update roost.step x set
        state = o ->> 'state', output = kept, texts = kept_texts, error = o -> 'error', usage = o -> 'usage', cost_usd = (o ->> 'costUsd')::numeric,
        epoch = p_epoch, ended_at = roost.now(), labels = coalesce((o ->> 'labels')::integer, x.labels)
      where x.run_id = p_run and x.seq = (o ->> 'seq')::integer and x.state = 'intent'
      returning x.seq, x.name, x.kind, x.attempt, x.effect, x.idempotency_key, x.started_at, x.ended_at into s;
    end if;
    if not found then
      select x.state, x.epoch = p_epoch and x.state = o ->> 'state' and roost.with_texts_1(x.output, x.texts) is not distinct from o -> 'output'
          and x.error is not distinct from o -> 'error' as is_same
        into s from roost.step x where x.run_id = p_run and x.seq = (o ->> 'seq')::integer;
      continue when s.is_same;
      raise exception 'step % of run % %: its outcome cannot become %', o ->> 'seq', p_run,
        coalesce('is recorded as ' || s.state, 'was never begun'), o ->> 'state' using errcode = 'RS002';
    end if;
    labels := roost.join_label_sets_1(labels, coalesce((o ->> 'runLabels')::integer, labels));
    types := types || ('step.' || (o ->> 'state'));
    payloads := payloads || (
      jsonb_build_object('runId', p_run, 'seq', s.seq, 'name', s.name, 'kind', s.kind, 'attempt', s.attempt) || (o -> 'told')
      || case o ->> 'state' when 'unknown' then jsonb_build_object('effect', s.effect, 'idempotencyKey', s.idempotency_key)
         else jsonb_build_object('durationMs', greatest(0, round(extract(epoch from s.ended_at - s.started_at) * 1000))) end);
    if r.reservation_count > 0 or (o ->> 'costUsd')::numeric > 0 or (o ->> 'tokens')::bigint > 0 then
      spent_seqs := spent_seqs || s.seq;
      cost_usds := cost_usds || (o ->> 'costUsd')::numeric;
      spent_tokens := spent_tokens || (o ->> 'tokens')::bigint;
    end if;
  end loop;
  if cardinality(types) > 0 and (r.stall_count > 0 or labels <> r.labels) then
    update roost.run x set stall_count = 0, labels = hold_run_1.labels where x.id = p_run;
  end if;
  event := (p_run, r.key_hash, labels, r.correlation, r.traceparent, null, null, r.cause_id, null);
  events := '{}';
  for n in 1 .. cardinality(types) loop
    events := events || (p_run, r.key_hash, labels, r.correlation, r.traceparent, roost.new_id()::text, types[n], r.cause_id, payloads[n])::roost.told;
  end loop;
end $$;
