-- People and what is known of them. A person who was merged into another keeps all rows: only root changes, so that
-- unmerging is exact.

create table svc_peeps.person (
  id                 uuid primary key,
  -- Who this person is now; itself, unless merged.
  root               uuid not null references svc_peeps.person,
  merged_into        uuid references svc_peeps.person,
  kind               text not null check (kind in ('person', 'organization')),
  -- False: made by a message, until a person or a book names them.
  is_listed          boolean not null,
  -- Known only through another person.
  is_partial         boolean not null default false,
  -- The best of the names in field, and its words sorted, in small letters and without accents.
  name               text not null,
  name_key           text not null,
  -- Who says the name.
  name_source        text not null,
  -- How it is spoken, as it is written and with short forms as their long ones: names that are written otherwise and may be the same.
  name_sound         text not null default '',
  long_sound         text not null default '',
  keep_in_touch_days integer check (keep_in_touch_days between 1 and 3650),
  -- Derived from interactions.
  last_contact_at    timestamptz,
  -- The last contact when the owner was told that it is too long ago: a silence is told once.
  told_silence       timestamptz,
  -- The run that was to tell it, until that has ended.
  told_silence_by    uuid,
  created_at         timestamptz not null,
  revision           integer not null default 1,
  check ((merged_into is null) = (root = id))
);
create index person_by_root on svc_peeps.person (root);
create index person_by_name on svc_peeps.person (name, id) where is_listed and merged_into is null;
create index person_by_name_key on svc_peeps.person (name_key);
create index person_by_name_sound on svc_peeps.person (name_sound);
create index person_by_long_sound on svc_peeps.person (long_sound);

-- What is said of a person, and by whom: a typed value stands before one of a book, that before an inferred one.
create table svc_peeps.field (
  person_id uuid not null references svc_peeps.person,
  name      text not null,
  origin    smallint not null check (origin between 1 and 3),
  source    text not null,
  value     text not null,
  at        timestamptz not null,
  primary key (person_id, name, origin, source)
);
create index field_by_picture on svc_peeps.field (value) where name = 'picture';

-- Pictures of cards, each once by its bytes; the field "picture" names it.
create table svc_peeps.picture (
  name       text primary key,
  media_type text not null,
  bytes      bytea not null check (octet_length(bytes) between 1 and 1048576)
);

-- A handle belongs to one person: unique by its kind and form.
create table svc_peeps.handle (
  id           uuid primary key,
  person_id    uuid not null references svc_peeps.person,
  kind         text not null check (kind in ('phone', 'email', 'username')),
  norm         text not null,
  raw          text not null,
  label        text,
  -- Who says the label.
  label_source text,
  is_preferred boolean not null default false,
  -- Of several people: its messages belong to their conversation alone.
  is_shared    boolean not null default false,
  is_business  boolean not null default false,
  source       text not null,
  first_seen   timestamptz not null,
  unique (kind, norm)
);
create index handle_by_person on svc_peeps.handle (person_id);
create index handle_by_mailbox on svc_peeps.handle (split_part(norm, '@', 1)) where kind = 'email';
create index handle_by_end on svc_peeps.handle (right(norm, 7)) where kind = 'phone' and length(norm) > 8;

-- Who is meant by an id of a book, and a hash of what it said last: an unchanged card costs one look.
create table svc_peeps.source_key (
  source    text not null,
  key       text not null,
  person_id uuid not null references svc_peeps.person,
  hash      text not null,
  primary key (source, key)
);

-- "other_id is the <type> of person_id".
create table svc_peeps.relation (
  id        uuid primary key,
  person_id uuid not null references svc_peeps.person,
  other_id  uuid not null references svc_peeps.person,
  type      text not null,
  since     date,
  until     date,
  source    text not null,
  -- Words of a message that say it, and the message's source.
  evidence  text,
  evidence_source text check ((evidence is null) = (evidence_source is null)),
  unique (person_id, other_id, type, source)
);
create index relation_by_other on svc_peeps.relation (other_id);

-- What was written on a person, each with its source.
create table svc_peeps.note (
  id        uuid primary key,
  person_id uuid not null references svc_peeps.person,
  text      text not null,
  source    text not null,
  -- Of the card that says it: what it says once more replaces that alone. Empty: typed.
  card      text not null default '',
  at        timestamptz not null,
  words     tsvector not null generated always as (to_tsvector('simple', text)) stored
);
create index note_by_person on svc_peeps.note (person_id, at desc);
create index note_by_card on svc_peeps.note (source, card) where card <> '';
create index note_by_words on svc_peeps.note using gin (words);

-- One date a label and source.
create table svc_peeps.important_date (
  id        uuid primary key,
  person_id uuid not null references svc_peeps.person,
  label     text not null,
  year      smallint,
  month     smallint,
  day       smallint,
  source    text not null,
  card      text not null default '',
  unique (person_id, label, source, card)
);
create index important_date_by_card on svc_peeps.important_date (source, card) where card <> '';
create index important_date_by_day on svc_peeps.important_date (month, day);

-- Addresses in the order of their book.
create table svc_peeps.address (
  person_id uuid not null references svc_peeps.person,
  source    text not null,
  card      text not null,
  number    smallint not null,
  content   jsonb not null,
  primary key (source, card, number)
);
create index address_by_person on svc_peeps.address (person_id);

-- A link of a person stands once.
create table svc_peeps.link (
  person_id uuid not null references svc_peeps.person,
  url       text not null,
  label     text,
  source    text not null,
  primary key (person_id, url)
);

-- A tag of a person stands once. The tag of a merged person stays but is hidden, so that unmerging restores it.
create table svc_peeps.tag (
  person_id uuid not null references svc_peeps.person,
  tag       text not null,
  source    text not null,
  -- Who they were when it was taken away.
  hidden_by uuid references svc_peeps.person,
  primary key (person_id, tag)
);
create index tag_by_tag on svc_peeps.tag (tag);
create view svc_peeps.shown_tag as select person_id, tag, source from svc_peeps.tag where hidden_by is null;

-- "not spoken in N days", for all people with a tag.
create table svc_peeps.cadence (
  tag  text primary key,
  days integer not null check (days between 1 and 3650)
);

-- A reminder waits for one day, or is done.
create table svc_peeps.reminder (
  id        uuid primary key,
  person_id uuid not null references svc_peeps.person,
  text      text not null,
  source    text not null,
  -- The next time; null: done.
  due_on    date,
  every     text check (every in ('week', 'month', 'year')),
  -- Of the month: one of the 31st that waits for 28 February goes back to the 31st.
  day       smallint not null check (day between 1 and 31),
  -- The day for which the owner was told.
  told_for  date,
  -- The run that was to tell it, until that has ended.
  told_by   uuid,
  created_at timestamptz not null
);
create index reminder_due on svc_peeps.reminder (due_on) where due_on is not null;

-- Two people who may be one. Declined: never suggested again.
create table svc_peeps.suggestion (
  id         uuid primary key,
  person_id  uuid not null references svc_peeps.person,
  other_id   uuid not null references svc_peeps.person,
  reasons    text[] not null,
  state      text not null check (state in ('open', 'accepted', 'declined')),
  created_at timestamptz not null,
  unique (person_id, other_id),
  check (person_id < other_id)
);
create index suggestion_open on svc_peeps.suggestion (created_at, id) where state = 'open';
