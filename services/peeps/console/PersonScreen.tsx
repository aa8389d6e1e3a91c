/** One person: how to reach them, what is known and who says so, and all that was said and noted, the latest first. */
import { useNow } from "@roost/console/live/console-context";
import { useReading } from "@roost/console/live/use-reading";
import { Unread } from "@roost/console/parts/Blank";
import { Button } from "@roost/console/parts/Button";
import { formatAgo } from "@roost/console/parts/format";
import { HeaderRefusal } from "@roost/console/parts/HeaderRefusal";
import { IconButton } from "@roost/console/parts/IconButton";
import { Region } from "@roost/console/parts/Region";
import { ScreenHeader } from "@roost/console/parts/ScreenHeader";
import { useState } from "react";
import { useLocation, useParams } from "wouter";
import { CaptureSheet } from "./CaptureSheet.tsx";
import { ChangeSheet } from "./ChangeSheet.tsx";
import { History } from "./History.tsx";
import { Initials } from "./Initials.tsx";
import { MergeSheet } from "./MergeSheet.tsx";
import { PersonFacts } from "./PersonFacts.tsx";
import { usePeeps } from "./use-peeps.ts";
import styles from "./PersonScreen.module.css";

const back = { href: "/people", name: "People" };

export function PersonScreen() {
  const { personId } = useParams<{ personId: string }>();
  const peeps = usePeeps();
  const now = useNow();
  const [, go] = useLocation();
  const [opened, setOpened] = useState<"note" | "change" | "merge">();
  const { value, error, reload } = useReading(`person:${personId}`, () => peeps.getPerson({ personId }), {
    isMoved: ({ topic }) => topic === "peeps",
  });
  if (value === undefined)
    return (
      <>
        <ScreenHeader title="Person" back={back} />
        <Unread label="Reading the person" rows={10} what="The person" error={error} onRetry={reload} />
      </>
    );
  const { person, details } = value;
  const close = () => setOpened(undefined);
  return (
    <>
      <ScreenHeader title={person.name} back={back}>
        <HeaderRefusal text={error?.message} />
        <IconButton icon="merge" label="Merge with another" onClick={() => setOpened("merge")} />
        <IconButton icon="pencil" label="Change" onClick={() => setOpened("change")} />
        <Button icon="plus" size="small" look="main" onClick={() => setOpened("note")}>
          Note
        </Button>
      </ScreenHeader>
      <Region label="Person" className={styles.page}>
        <section className={styles.who}>
          <Initials name={person.name} isLarge />
          <div>
            <p className={styles.as}>
              {[person.title, person.organization].filter((text) => text !== null).join(", ") ||
                (person.isListed ? "Nothing is known of their work" : "Known from messages only")}
            </p>
            <p className={styles.last}>
              {person.lastContactAt === null
                ? "No message or call is known"
                : `Last spoke ${formatAgo(now - Date.parse(person.lastContactAt))}`}
              {person.keepInTouchDays !== null && ` · wanted every ${person.keepInTouchDays} days`}
            </p>
          </div>
        </section>
        <div className={styles.columns}>
          <PersonFacts person={person} details={details} onChange={reload} />
          <History key={person.revision} personId={person.id} notes={details.notes} onChange={reload} />
        </div>
      </Region>
      {opened === "note" && <CaptureSheet person={person} onClose={close} onKept={reload} />}
      {opened === "change" && <ChangeSheet person={person} onClose={close} onChange={reload} />}
      {opened === "merge" && (
        <MergeSheet
          person={person}
          onClose={close}
          onMerged={(root) => {
            reload();
            go(`/people/${root}`);
          }}
        />
      )}
    </>
  );
}
