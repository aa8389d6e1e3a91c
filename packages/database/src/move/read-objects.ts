/**
 * What a database holds beside its rows, read from its catalog as the statements that make it again on PostgreSQL 15 and up. Knows no table by
 * name. What it cannot carry it names.
 */
import type { Client } from "pg";
import { moveSchema } from "./half-done-move.ts";

/** A schema, type, sequence, table, view or function. */
export interface SchemaObject {
  /** Unique in the database. */
  key: string;
  /** For people. */
  name: string;
  owner: string;
  statements: string[];
}

export interface TableColumns {
  /** Qualified and quoted. */
  name: string;
  /** All that are written, quoted; not the generated ones. */
  columns: string[];
}

export interface OwnedStatement {
  owner: string;
  sql: string;
}

export interface DatabaseObjects {
  /** The user that reads: what it owns will belong to the user that writes. */
  user: string;
  extensions: string[];
  /** Roles beside the user that own something or are granted something, as statements that make each. */
  roles: { name: string; statements: string[] }[];
  /** In an order in which they can be made. */
  objects: SchemaObject[];
  /** Every table that holds rows of its own. */
  tables: TableColumns[];
  sequences: string[];
  /** Made after the rows are there: constraints, indexes, triggers, in this order, and grants. */
  after: OwnedStatement[];
}

const ofUser = `n.nspname !~ '^pg_' and n.nspname not in ('information_schema', '${moveSchema}')`;
const notOfExtension = (catalog: string, oid: string) =>
  `not exists (select from pg_depend e where e.deptype = 'e' and e.classid = '${catalog}'::regclass and e.objid = ${oid})`;
const relations = `pg_class c join pg_namespace n on n.oid = c.relnamespace and ${ofUser} and ${notOfExtension("pg_class", "c.oid")}`;
const functions = `pg_proc p join pg_namespace n on n.oid = p.pronamespace and ${ofUser} and ${notOfExtension("pg_proc", "p.oid")}`;
const types = `pg_type t join pg_namespace n on n.oid = t.typnamespace and ${ofUser} and ${notOfExtension("pg_type", "t.oid")}`;
const sequenceOptions = `format('as %s start with %s increment by %s minvalue %s maxvalue %s cache %s%s', format_type(q.seqtypid, null),
  q.seqstart, q.seqincrement, q.seqmin, q.seqmax, q.seqcache, case when q.seqcycle then ' cycle' else '' end)`;
/** A table, view, row type or composite type is its relation; every other type is itself. */
const keyOf = (catalog: string, oid: string) => `case ${catalog}
  when 'pg_attrdef'::regclass then (select 'c' || k.adrelid from pg_attrdef k where k.oid = ${oid})
  when 'pg_rewrite'::regclass then (select 'c' || k.ev_class from pg_rewrite k where k.oid = ${oid})
  when 'pg_constraint'::regclass then (select 't' || k.contypid from pg_constraint k where k.oid = ${oid} and k.contypid <> 0)
  when 'pg_type'::regclass then (select case when k.typrelid <> 0 then 'c' || k.typrelid else 't' || k.oid end
    from pg_type k where ${oid} in (k.oid, k.typarray) order by k.oid = ${oid} limit 1)
  when 'pg_class'::regclass then 'c' || ${oid}
  when 'pg_proc'::regclass then 'p' || ${oid} end`;

const columnSql = `format('%I %s%s%s%s', a.attname, format_type(a.atttypid, a.atttypmod),
  case when a.attcollation <> 0 and a.attcollation <> (select typcollation from pg_type where oid = a.atttypid)
    then (select format(' collate %I.%I', cn.nspname, co.collname) from pg_collation co join pg_namespace cn on cn.oid = co.collnamespace where co.oid = a.attcollation) else '' end,
  case when a.attgenerated <> '' then format(' generated always as (%s)%s', pg_get_expr(d.adbin, d.adrelid), case a.attgenerated when 's' then ' stored' else ' virtual' end)
    when a.attidentity <> '' then (select format(' generated %s as identity (sequence name %s %s)', case a.attidentity when 'a' then 'always' else 'by default' end,
      q.seqrelid::regclass, regexp_replace(${sequenceOptions}, '^as \\S+ ', ''))
      from pg_depend i join pg_sequence q on q.seqrelid = i.objid
      where i.classid = 'pg_class'::regclass and i.refclassid = 'pg_class'::regclass and i.refobjid = a.attrelid and i.refobjsubid = a.attnum and i.deptype = 'i')
    when d.adbin is not null then ' default ' || pg_get_expr(d.adbin, d.adrelid) else '' end,
  case when a.attnotnull then ' not null' else '' end)`;
const columnsOf = (relation: string, select: string) =>
  `(select ${select} from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attrelid = ${relation} and a.attnum > 0 and not a.attisdropped)`;
const optionsSql = `case when c.reloptions is null then '' else format(' with (%s)', array_to_string(c.reloptions, ', ')) end`;

const objectSql = `
  select 's' || n.oid as key, format('schema %I', n.nspname) as name, r.rolname as owner, array[format('create schema %I', n.nspname)] as statements
    from pg_namespace n join pg_roles r on r.oid = n.nspowner where ${ofUser} and n.nspname <> 'public' and ${notOfExtension("pg_namespace", "n.oid")}
  union all
  select 't' || t.oid, format('type %s', t.oid::regtype), pg_get_userbyid(t.typowner), array[case t.typtype
      when 'e' then format('create type %s as enum (%s)', t.oid::regtype, (select string_agg(quote_literal(enumlabel), ', ' order by enumsortorder) from pg_enum where enumtypid = t.oid))
      else format('create domain %s as %s%s%s %s', t.oid::regtype, format_type(t.typbasetype, t.typtypmod),
        coalesce(' default ' || t.typdefault, ''), case when t.typnotnull then ' not null' else '' end,
        (select string_agg(format('constraint %I %s', conname, pg_get_constraintdef(oid)), ' ') from pg_constraint where contypid = t.oid and contype = 'c')) end]
    from ${types} where t.typtype in ('e', 'd')
  union all
  select 'c' || c.oid, format('type %s', c.oid::regclass), pg_get_userbyid(c.relowner), array[format('create type %s as (%s)', c.oid::regclass,
      ${columnsOf("c.oid", "string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' order by a.attnum)")})]
    from ${relations} where c.relkind = 'c'
  union all
  select 'c' || c.oid, format('sequence %s', c.oid::regclass), pg_get_userbyid(c.relowner), array[format('create sequence %s %s', c.oid::regclass, ${sequenceOptions})]
    from ${relations} join pg_sequence q on q.seqrelid = c.oid
    where not exists (select from pg_depend i where i.classid = 'pg_class'::regclass and i.objid = c.oid and i.deptype = 'i')
  union all
  select 'c' || c.oid, format('table %s', c.oid::regclass), pg_get_userbyid(c.relowner),
      array[format('create %stable %s (%s)%s%s', case c.relpersistence when 'u' then 'unlogged ' else '' end, c.oid::regclass,
        ${columnsOf("c.oid", `string_agg(${columnSql}, ', ' order by a.attnum)`)}, coalesce(' partition by ' || pg_get_partkeydef(c.oid), ''), ${optionsSql})]
      || case when c.relispartition then array[(select format('alter table %s attach partition %s %s', i.inhparent::regclass, c.oid::regclass, pg_get_expr(c.relpartbound, c.oid))
        from pg_inherits i where i.inhrelid = c.oid)] else '{}' end
    from ${relations} where c.relkind in ('r', 'p')
  union all
  select 'c' || c.oid, format('view %s', c.oid::regclass), pg_get_userbyid(c.relowner),
      array[format('create view %s%s as %s', c.oid::regclass, ${optionsSql}, pg_get_viewdef(c.oid))]
    from ${relations} where c.relkind = 'v'
  union all
  select 'p' || p.oid, format('function %s', p.oid::regprocedure), pg_get_userbyid(p.proowner), array[pg_get_functiondef(p.oid)]
    from ${functions} where p.prokind in ('f', 'p')`;

/** A sequence that belongs to a column depends on its table, which depends on it: it is given to the column afterwards. */
const dependencySql = `
  select distinct object, needed from (
    select ${keyOf("d.classid", "d.objid")} as object, ${keyOf("d.refclassid", "d.refobjid")} as needed
    from pg_depend d where d.deptype in ('n', 'a', 'i') and d.objid >= 16384 and d.refobjid >= 16384
      and not (d.deptype in ('a', 'i') and d.classid = 'pg_class'::regclass and exists (select from pg_class c where c.oid = d.objid and c.relkind = 'S'))) as known
  where object <> needed`;

const depthSql = `coalesce((with recursive up as (select inhparent, 1 as depth from pg_inherits where inhrelid = c.oid
  union all select i.inhparent, up.depth + 1 from pg_inherits i join up on i.inhrelid = up.inhparent) select max(depth) from up), 0)`;

/** Those of partitions first: the one of the whole table then takes them as its own. */
const afterSql = `
  select owner, sql from (
    select pg_get_userbyid(c.relowner) as owner, case k.contype when 'f' then 2 else 1 end as stage, ${depthSql} as depth, k.conname::text as name,
        format('alter table %s add constraint %I %s', c.oid::regclass, k.conname, pg_get_constraintdef(k.oid)) as sql
      from ${relations} join pg_constraint k on k.conrelid = c.oid
      where k.contype in ('p', 'u', 'x') or (k.contype = 'c' and k.coninhcount = 0) or (k.contype = 'f' and k.conparentid = 0)
    union all
    select pg_get_userbyid(c.relowner), 1, ${depthSql}, x.relname, regexp_replace(pg_get_indexdef(i.indexrelid), ' ON ONLY ', ' ON ')
      from ${relations} join pg_index i on i.indrelid = c.oid join pg_class x on x.oid = i.indexrelid
      where not exists (select from pg_constraint k where k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x'))
    union all
    select pg_get_userbyid(c.relowner), 3, 0, g.tgname, pg_get_triggerdef(g.oid)
      from ${relations} join pg_trigger g on g.tgrelid = c.oid where not g.tgisinternal and g.tgparentid = 0
    union all
    select pg_get_userbyid(c.relowner), 4, 0, c.relname, format('alter sequence %s owned by %s.%I', c.oid::regclass, d.refobjid::regclass, a.attname)
      from ${relations} join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'a' and d.refclassid = 'pg_class'::regclass
      join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid where c.relkind = 'S') as statement
  order by stage, depth desc, name, sql`;

/** What has grants of its own, as `grant … on KIND NAME` takes it. */
const granted = `
  select 'schema' as kind, format('%I', n.nspname) as name, n.nspowner as owner, n.nspacl as acl, '' as part from pg_namespace n where ${ofUser} and n.nspname <> 'public'
  union all select case c.relkind when 'S' then 'sequence' else 'table' end, c.oid::regclass::text, c.relowner, c.relacl, ''
    from ${relations} where c.relkind in ('r', 'p', 'v', 'S')
  union all select 'table', c.oid::regclass::text, c.relowner, a.attacl, format(' (%I)', a.attname) from ${relations} join pg_attribute a on a.attrelid = c.oid
    where c.relkind in ('r', 'p', 'v') and not a.attisdropped
  union all select case p.prokind when 'p' then 'procedure' else 'function' end, p.oid::regprocedure::text, p.proowner, p.proacl, '' from ${functions} where p.prokind in ('f', 'p')
  union all select 'type', t.oid::regtype::text, t.typowner, t.typacl, '' from ${types} where t.typtype in ('e', 'd') or (t.typtype = 'c' and exists (select from pg_class c where c.oid = t.typrelid and c.relkind = 'c'))`;

const grantSql = `
  select pg_get_userbyid(g.owner) as owner, g.kind, g.name, g.part, a.privilege_type as privilege, a.is_grantable as "isGrantable",
    case when a.grantee = 0 then null else pg_get_userbyid(a.grantee) end as grantee, a.grantee = g.owner as "isOwner"
  from (${granted}) as g left join lateral aclexplode(g.acl) as a on true where g.acl is not null
  order by g.kind, g.name, g.part, grantee nulls first, privilege`;

const roleSql = `
  select r.rolname as name, array[format('create role %I%s%s connection limit %s', r.rolname, case when r.rolcanlogin then ' login' else '' end,
      case when r.rolinherit then '' else ' noinherit' end, r.rolconnlimit), format('grant %I to current_user', r.rolname)]
    || array(select format('alter role %I set %I = %L', r.rolname, split_part(s, '=', 1), substr(s, strpos(s, '=') + 1)) from unnest(r.rolconfig) as s) as statements
  from pg_roles r where r.rolname = any($1) order by r.rolname`;

/** Kinds of things that the statements above do not make. */
const uncarriedSql = `
  select what from (
    select format('%s %s', case c.relkind when 'm' then 'materialized view' when 'f' then 'foreign table' else 'relation' end, c.oid::regclass) as what
      from ${relations} where c.relkind not in ('r', 'p', 'v', 'S', 'c', 'i', 'I', 't')
    union all select format('function %s', p.oid::regprocedure) from ${functions} where p.prokind not in ('f', 'p')
    union all select format('type %s', t.oid::regtype) from ${types} where t.typtype in ('r', 'b') and t.typelem = 0
    union all select format('table %s, which inherits', c.oid::regclass) from ${relations} join pg_inherits i on i.inhrelid = c.oid where not c.relispartition and c.relkind = 'r'
    union all select format('row security of %s', c.oid::regclass) from ${relations} where c.relrowsecurity
    union all select format('rule %I of %s', w.rulename, c.oid::regclass) from ${relations} join pg_rewrite w on w.ev_class = c.oid where w.rulename <> '_RETURN'
    union all select format('trigger %I of %s, which is not as it was made', g.tgname, c.oid::regclass) from ${relations} join pg_trigger g on g.tgrelid = c.oid where g.tgenabled <> 'O' and not g.tgisinternal
    union all select format('extended statistics %I', s.stxname) from pg_statistic_ext s join pg_namespace n on n.oid = s.stxnamespace where ${ofUser}
    union all select format('operator %I', o.oprname) from pg_operator o join pg_namespace n on n.oid = o.oprnamespace where ${ofUser} and ${notOfExtension("pg_operator", "o.oid")}
    union all select format('collation %I', o.collname) from pg_collation o join pg_namespace n on n.oid = o.collnamespace where ${ofUser}
    union all select format('publication %I', pubname) from pg_publication
    union all select format('event trigger %I', evtname) from pg_event_trigger
    union all select 'default privileges' from pg_default_acl
    union all select format('large object %s', oid) from pg_largeobject_metadata) as uncarried
  order by what limit 20`;

/** What stands in the way of a move, for people. */
export async function listUncarried(client: Client): Promise<string[]> {
  return (await client.query<{ what: string }>(uncarriedSql)).rows.map(({ what }) => what);
}

/** Of whatever the database holds but what a move itself keeps there. The connection's `search_path` is empty, so that every name is qualified. */
export async function readObjects(client: Client): Promise<DatabaseObjects> {
  const rows = async <Row extends object>(sql: string, values?: unknown[]) =>
    (await client.query<Row>(sql, values)).rows;
  const [{ user } = { user: "" }] = await rows<{ user: string }>("select current_user as user");
  const found = await rows<SchemaObject>(objectSql);
  const after = await rows<OwnedStatement>(afterSql);
  const grants = await rows<Grant>(grantSql);
  const owners = [...found, ...after, ...grants].map(({ owner }) => owner);
  const names = new Set([...owners, ...grants.flatMap(({ grantee }) => grantee ?? [])]);
  names.delete(user);
  return {
    user,
    extensions: (
      await rows<{ sql: string }>(
        `select format('create extension if not exists %I with schema %I', x.extname, n.nspname) as sql
         from pg_extension x join pg_namespace n on n.oid = x.extnamespace where x.extname <> 'plpgsql' order by 1`,
      )
    ).map(({ sql }) => sql),
    roles: await rows(roleSql, [[...names].filter((name) => !name.startsWith("pg_"))]),
    objects: inOrder(found, await rows(dependencySql)),
    tables: await rows<TableColumns>(
      `select c.oid::regclass::text as name,
         ${columnsOf("c.oid", "coalesce(array_agg(quote_ident(a.attname) order by a.attname) filter (where a.attgenerated = ''), '{}')")} as columns
       from ${relations} where c.relkind = 'r' order by 1`,
    ),
    sequences: (
      await rows<{ name: string }>(
        `select c.oid::regclass::text as name from ${relations} where c.relkind = 'S' order by 1`,
      )
    ).map(({ name }) => name),
    after: [...after, ...grants.flatMap((grant, index) => grantStatements(grant, grants[index - 1]))],
  };
}

interface Grant {
  owner: string;
  kind: string;
  name: string;
  part: string;
  privilege: string | null;
  isGrantable: boolean;
  /** Null: everyone. */
  grantee: string | null;
  isOwner: boolean;
}

/** Around the name of a role that is granted something: the reading user is another one where the statement runs. */
export const roleMarks = /\ue000(.*?)\ue000/g;

function grantStatements(grant: Grant, before: Grant | undefined): OwnedStatement[] {
  const { owner, kind, name, part, privilege, grantee } = grant;
  const isFirst = before?.kind !== kind || before.name !== name;
  const statements = isFirst ? [`revoke all on ${kind} ${name} from public`] : [];
  if (privilege !== null && !grant.isOwner) {
    const to = grantee === null ? "public" : `\ue000${grantee}\ue000`;
    statements.push(
      `grant ${privilege}${part} on ${kind} ${name} to ${to}${grant.isGrantable ? " with grant option" : ""}`,
    );
  }
  return statements.map((sql) => ({ owner, sql }));
}

/** What others need comes before them. Statements of one rank stand in the order of their names, so that the same schema has the same text. */
function inOrder(objects: SchemaObject[], dependencies: { object: string; needed: string }[]): SchemaObject[] {
  const rank = ["schema", "type", "sequence", "table", "view", "function"];
  const rankOf = ({ name }: SchemaObject) => rank.indexOf(name.split(" ")[0]!);
  const sorted = [...objects].sort((a, b) => rankOf(a) - rankOf(b) || (a.name < b.name ? -1 : 1));
  const byKey = new Map(sorted.map((object) => [object.key, object]));
  const needs = new Map<string, string[]>();
  for (const { object, needed } of dependencies) needs.set(object, [...(needs.get(object) ?? []), needed]);
  const done = new Set<string>();
  const ordered: SchemaObject[] = [];
  const place = (object: SchemaObject) => {
    if (done.has(object.key)) return;
    done.add(object.key);
    const needed = (needs.get(object.key) ?? []).flatMap((key) => byKey.get(key) ?? []);
    for (const other of needed.sort((a, b) => sorted.indexOf(a) - sorted.indexOf(b))) place(other);
    ordered.push(object);
  };
  for (const object of sorted) place(object);
  return ordered;
}
