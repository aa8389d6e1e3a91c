-- Messages from every source, each once. What a sender wrote is text from outside.

-- A conversation stands once, by its source and id.
create table svc_peeps.conversation (
  id          uuid primary key,
  source      text not null,
  external_id text not null,
  title       text,
  is_group    boolean not null,
  unique (source, external_id)
);

-- Who takes part in a conversation, as far as a source names them.
create table svc_peeps.participant (
  conversation_id uuid not null references svc_peeps.conversation,
  handle_id       uuid not null references svc_peeps.handle,
  primary key (conversation_id, handle_id)
);
create index participant_by_handle on svc_peeps.participant (handle_id);

-- A message stands once, by its source and id.
create table svc_peeps.message (
  id              uuid primary key,
  source          text not null,
  external_id     text not null,
  conversation_id uuid not null references svc_peeps.conversation,
  -- Null: the owner.
  handle_id       uuid references svc_peeps.handle,
  sent_at         timestamptz not null,
  edited_at       timestamptz,
  -- Earlier texts, as far as a source tells of them.
  edits           jsonb not null default '[]',
  subject         text,
  text            text not null,
  is_deleted      boolean not null,
  is_automatic    boolean not null,
  attachments     jsonb not null,
  reply_to        text,
  words           tsvector not null generated always as (to_tsvector('simple', coalesce(subject, '') || ' ' || text)) stored,
  unique (source, external_id)
);
create index message_by_conversation on svc_peeps.message (conversation_id, sent_at desc, id desc);
create index message_by_handle on svc_peeps.message (handle_id, sent_at desc, id desc);
create index message_by_words on svc_peeps.message using gin (words);

-- A reaction of one author to one message stands once.
create table svc_peeps.reaction (
  source      text not null,
  external_id text not null,
  author      text not null,
  reaction    text not null,
  at          timestamptz not null,
  primary key (source, external_id, author, reaction)
);

-- What a source has handed over, by its id: the hash of its last revision, so that reading it again tells nothing twice.
create table svc_peeps.received (
  source      text not null,
  external_id text not null,
  hash        text not null,
  primary key (source, external_id)
);

-- How far a source that is watched has been read, and when it last said so: silence is noticed.
create table svc_peeps.watch (
  source    text not null,
  name      text not null,
  place     jsonb not null,
  lag_ms    bigint not null,
  seen_at   timestamptz not null,
  primary key (source, name)
);

-- What a message may say of who wrote it, with its words: not known until the owner confirms it. Declined: not asked again.
create table svc_peeps.fact (
  id         uuid primary key,
  message_id uuid not null references svc_peeps.message,
  person_id  uuid not null references svc_peeps.person,
  kind       text not null check (kind in ('birthday', 'phone', 'email', 'organization', 'relation', 'note')),
  value      text not null,
  relation   text,
  quote      text not null,
  state      text not null default 'open' check (state in ('open', 'confirmed', 'declined')),
  created_at timestamptz not null,
  unique (person_id, kind, value)
);
create index fact_open on svc_peeps.fact (created_at, id) where state = 'open';
