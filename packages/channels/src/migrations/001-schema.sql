-- Chat channels. Invariant: the place moves only together with the effect of the update that it names, so that each update acts once.
create table channels.channel (
  name       text collate "C" primary key,
  -- Roost's own account there; another account has other places.
  account    text,
  account_name text,
  -- The last update that took effect.
  place      text,
  seen_at    timestamptz,
  -- Why it does not work at present.
  problem    text,
  problem_at timestamptz
);

-- Who writes there. Invariant: one of a channel at most is the person.
create table channels.peer (
  channel       text collate "C" not null,
  id            text collate "C" not null,
  kind          text not null check (kind in ('user', 'group')),
  name          text,
  title         text,
  standing      text not null check (standing in ('owner', 'guest', 'refused')),
  refused_count bigint not null default 0,
  changed_by    text,
  created_at    timestamptz not null default roost.now(),
  seen_at       timestamptz,
  primary key (channel, id)
);
create unique index peer_owner on channels.peer (channel) where standing = 'owner';
create index peer_refused on channels.peer (channel, seen_at) where standing = 'refused';

-- Runs whose answers belong into a chat.
create table channels.turn (
  run_id     uuid primary key,
  channel    text collate "C" not null,
  chat_id    text collate "C" not null,
  is_group   boolean not null,
  -- Who asked in a group; null: the group as a whole. A peer that was refused meanwhile gets no answer.
  sender_id  text collate "C",
  -- Of the files that came with it.
  file_bytes bigint not null default 0,
  -- Told what went wrong in words of its own; others learn that there is no answer.
  is_owner   boolean not null,
  -- The message that it answers.
  reply_to   text not null,
  created_at timestamptz not null default roost.now(),
  done_at    timestamptz
);
create index turn_open on channels.turn (channel) where done_at is null;
create index turn_files on channels.turn (channel, chat_id, created_at) where file_bytes > 0;

-- Messages sent by key. Invariant: the row is written before its message is sent; a message of unknown outcome is never sent again.
create table channels.sent (
  channel   text collate "C" not null,
  key       text collate "C" not null,
  chat_id   text collate "C" not null,
  state     text not null check (state in ('sending', 'sent', 'unknown')),
  ref       text,
  sent_at   timestamptz not null default roost.now(),
  -- Of a question: its buttons were taken away.
  closed_at timestamptz,
  primary key (channel, key)
);
create index sent_ref on channels.sent (channel, chat_id, ref) where ref is not null;
create index sent_questions on channels.sent (channel) where closed_at is null and key like 'question:%';
create index sent_at on channels.sent (sent_at);
