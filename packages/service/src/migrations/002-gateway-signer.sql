-- The public key of a gateway for a day, also of one on another host: it signs for its callers, and for as long as its login counts.
create function service.add_gateway_signer_1(signer_id uuid, signer_name text, public_key bytea) returns void
  language sql security definer set search_path = pg_catalog, pg_temp as $$
  with expired as (delete from service.signer s where s.expires_at < roost.now() - interval '1 day')
  insert into service.signer (id, kind, name, public_key, expires_at)
    values (signer_id, 'gateway', signer_name, public_key, roost.now() + interval '1 day')
$$;
revoke execute on function service.add_gateway_signer_1(uuid, text, bytea) from public;
