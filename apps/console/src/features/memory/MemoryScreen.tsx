/** What the home remembers: its files, what it holds for true, what waits for a person, and what a session was shown. */
import { useSearchParams } from "wouter";
import { FilterChips } from "../../parts/FilterChips.tsx";
import { ScreenHeader } from "../../parts/ScreenHeader.tsx";
import { FactList } from "./FactList.tsx";
import { FileShelf } from "./FileShelf.tsx";
import { HeldList } from "./HeldList.tsx";
import { ShownView } from "./ShownView.tsx";
import styles from "./MemoryScreen.module.css";

const tabs = [
  { id: "files", name: "Files" },
  { id: "facts", name: "Facts" },
  { id: "held", name: "Held" },
  { id: "shown", name: "Shown" },
] as const;

export function MemoryScreen() {
  const [search, setSearch] = useSearchParams();
  const tab = search.get("tab") ?? "files";
  const openFile = (path: string | undefined) => setSearch(path === undefined ? {} : { path });
  return (
    <>
      <ScreenHeader title="Memory">
        <FilterChips
          label="Which part"
          items={tabs}
          chosen={tab}
          onChoose={(id) => setSearch(id === "files" ? {} : { tab: id })}
        />
      </ScreenHeader>
      <div className={styles.screen}>
        {tab === "files" && <FileShelf path={search.get("path") ?? undefined} onOpen={openFile} />}
        {tab === "facts" && <FactList />}
        {tab === "held" && <HeldList />}
        {tab === "shown" && <ShownView />}
      </div>
    </>
  );
}
