-- Answers of operations by idempotency key.

-- What came of an attempt. An answer longer than 64 KiB stands apart, so that the table that each keyed call reads stays small.
-- Invariant: only the attempt that has the token says what came of it, and nothing of an earlier attempt is left.
create or replace function roost.keep_answer_1(of_scope text, of_key text, attempt uuid, kept text, kept_bytes integer) returns void
  language plpgsql as $$
declare
  is_long boolean := coalesce(octet_length(kept) > 65536, false);
begin
  update roost.answer a set ended_at = roost.now(), output = case when not is_long then kept end, output_bytes = kept_bytes
    where a.scope = of_scope and a.key = of_key and a.token = attempt;
  if not found then return; end if;
  delete from roost.long_answer l where l.scope = of_scope and l.key = of_key;
  if is_long then insert into roost.long_answer (scope, key, output) values (of_scope, of_key, kept); end if;
end $$;
