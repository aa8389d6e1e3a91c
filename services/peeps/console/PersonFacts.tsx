/** What is known of a person, each with where it comes from: ways to reach them, dates, relations, who was merged into them, what waits to be confirmed. */
import { useReading } from "@roost/console/live/use-reading";
import { Button } from "@roost/console/parts/Button";
import { SafeLink } from "@roost/console/parts/SafeLink";
import { useAct } from "@roost/console/parts/use-act";
import type { ReactNode } from "react";
import { Link } from "wouter";
import type { PersonDetailsRecord, PersonRecord } from "../contract/records.ts";
import { tellFact } from "./OpenQuestions.tsx";
import { usePeeps } from "./use-peeps.ts";
import styles from "./PersonFacts.module.css";

export interface PersonFactsProps {
  person: PersonRecord;
  details: PersonDetailsRecord;
  onChange: () => void;
}

export function PersonFacts({ person, details, onChange }: PersonFactsProps) {
  const { handles, tags } = person;
  const { dates, relations, addresses, links, merged } = details;
  return (
    <div className={styles.facts}>
      <ToConfirm personId={person.id} onChange={onChange} />
      <Group title="Reach">
        {handles.map(({ id, kind, value, label, isShared, isBusiness }) => (
          <Row key={id} name={label ?? kind} note={noteOf({ isShared, isBusiness })}>
            <SafeLink href={addressOf(kind, value)} inside={value} />
          </Row>
        ))}
      </Group>
      <Group title="Days">
        {dates.map(({ label, date, next, source }) => (
          <Row key={label} name={label} note={source}>
            {date}
            {next !== null && <em>next {next}</em>}
          </Row>
        ))}
      </Group>
      <Group title="Close to">
        {relations.map(({ id, type, personId, name, since, until, evidence }) => (
          <Row key={id} name={type} note={evidence?.text}>
            <Link href={`/people/${personId}`}>{name}</Link>
            {(since !== null || until !== null) && (
              <em>
                {since ?? "…"} to {until ?? "now"}
              </em>
            )}
          </Row>
        ))}
      </Group>
      <Group title="Lives">
        {addresses.map(({ label, street, postcode, city, country }, index) => (
          <Row key={index} name={label ?? "address"}>
            {[street, [postcode, city].filter(Boolean).join(" "), country].filter(Boolean).join(", ")}
          </Row>
        ))}
      </Group>
      <Group title="On the web">
        {links.map(({ url, label }) => (
          <Row key={url} name={label ?? "link"}>
            <SafeLink href={url} inside={url} />
          </Row>
        ))}
      </Group>
      {tags.length > 0 && (
        <Group title="Tags">
          <div className={styles.tags}>
            {tags.map((tag) => (
              <span key={tag}>{tag}</span>
            ))}
          </div>
        </Group>
      )}
      {merged.length > 0 && (
        <Group title="Also this person">
          {merged.map((one) => (
            <MergedRow key={one.id} person={one} onChange={onChange} />
          ))}
        </Group>
      )}
    </div>
  );
}

function Group({ title, children }: { title: string; children: ReactNode }) {
  if (Array.isArray(children) && children.length === 0) return null;
  return (
    <section>
      <h2 className="part-title">{title}</h2>
      {children}
    </section>
  );
}

interface RowProps {
  name: string;
  note?: string | undefined;
  children: ReactNode;
}

function Row({ name, note, children }: RowProps) {
  return (
    <p className={styles.row} title={note}>
      <span>{name}</span>
      <span className={styles.value}>{children}</span>
    </p>
  );
}

function noteOf({ isShared, isBusiness }: { isShared: boolean; isBusiness: boolean }): string | undefined {
  if (isShared) return "Shared by several people";
  return isBusiness ? "Of a business" : undefined;
}

function addressOf(kind: "phone" | "email" | "username", value: string): string {
  if (kind === "phone") return `tel:${value}`;
  return kind === "email" ? `mailto:${value}` : "";
}

/** A merge is taken back exactly: the other is their own again, with all that was theirs. */
function MergedRow({ person, onChange }: { person: { id: string; name: string }; onChange: () => void }) {
  const peeps = usePeeps();
  const { isBusy, refusal, act } = useAct(onChange);
  return (
    <div className={styles.merged}>
      <span>{person.name}</span>
      <Button size="small" isBusy={isBusy} onClick={() => act(() => peeps.unmergePerson({ personId: person.id }))}>
        Take apart
      </Button>
      {refusal !== undefined && <p role="alert">{refusal}</p>}
    </div>
  );
}

function ToConfirm({ personId, onChange }: { personId: string; onChange: () => void }) {
  const peeps = usePeeps();
  const { value, reload } = useReading(`person:${personId}:facts`, () => peeps.listFacts({ personId, limit: 20 }));
  const { isBusy, refusal, act } = useAct(() => {
    reload();
    onChange();
  });
  if (value === undefined || value.items.length === 0) return null;
  return (
    <section className={`callout ${styles.confirm}`}>
      <h2 className="part-title">Is it so?</h2>
      {value.items.map((fact) => (
        <div key={fact.id}>
          <p>{tellFact(fact)}</p>
          <blockquote>{fact.quote}</blockquote>
          <Button
            size="small"
            look="main"
            isBusy={isBusy}
            onClick={() => act(() => peeps.answerFact({ factId: fact.id, isTrue: true }))}
          >
            Yes
          </Button>{" "}
          <Button
            size="small"
            isBusy={isBusy}
            onClick={() => act(() => peeps.answerFact({ factId: fact.id, isTrue: false }))}
          >
            No
          </Button>
        </div>
      ))}
      {refusal !== undefined && <p role="alert">{refusal}</p>}
    </section>
  );
}
