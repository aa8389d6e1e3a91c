/** The frame around every screen: where one is, what needs one, what today costs, and whether what is shown is live. */
import { useState, type ReactNode } from "react";
import { Link, useLocation } from "wouter";
import { useFeed, useLink } from "../live/console-context.ts";
import { BrandMark } from "../parts/BrandMark.tsx";
import { formatCount, formatUsdShort } from "../parts/format.ts";
import { Icon } from "../parts/Icon.tsx";
import { useTimeFormats } from "../parts/time-formats.ts";
import { MoreSheet } from "./MoreSheet.tsx";
import type { ScreenEntry } from "./screens.ts";
import { ThemeButton } from "./ThemeButton.tsx";
import styles from "./Shell.module.css";

const groups = ["home", "work", "life"] as const;

export interface ShellProps {
  screens: readonly ScreenEntry[];
  onSearch: () => void;
  children: ReactNode;
}

export function Shell({ screens, onSearch, children }: ShellProps) {
  const [isMoreOpen, setMoreOpen] = useState(false);
  const [path] = useLocation();
  const onBar = screens.filter(({ isOnPhone }) => isOnPhone === true);
  const isElsewhere = !onBar.some((screen) => isAt(path, screen));
  return (
    <div className={styles.shell}>
      <a className={styles.skip} href="#main">
        Skip to content
      </a>
      <aside className={styles.side}>
        <div className={styles.brand}>
          <BrandMark /> <span>Roost</span>
          <ThemeButton />
        </div>
        <button type="button" className={styles.search} onClick={onSearch}>
          <Icon name="search" size={14} /> Search or do <kbd>Ctrl K</kbd>
        </button>
        <nav aria-label="Screens" className={styles.nav}>
          {groups.map((group) => (
            <ul key={group}>
              {screens
                .filter((screen) => screen.group === group)
                .map((screen) => (
                  <li key={screen.path}>
                    <ScreenLink screen={screen} isHere={isAt(path, screen)} />
                  </li>
                ))}
            </ul>
          ))}
        </nav>
        <Foot />
      </aside>
      <main id="main" className={styles.main} tabIndex={-1}>
        <LinkBar />
        {children}
      </main>
      <nav aria-label="Screens on a phone" className={styles.bar}>
        {onBar.map((screen) => (
          <ScreenLink key={screen.path} screen={screen} isHere={isAt(path, screen)} />
        ))}
        <button
          type="button"
          className={styles.link}
          aria-current={isElsewhere ? "page" : undefined}
          onClick={() => setMoreOpen(true)}
        >
          <Icon name="ellipsis" />
          <span>More</span>
        </button>
      </nav>
      {isMoreOpen && <MoreSheet screens={screens} onClose={() => setMoreOpen(false)} onSearch={onSearch} />}
    </div>
  );
}

function isAt(path: string, screen: ScreenEntry): boolean {
  return screen.path === "/" ? path === "/" : path === screen.path || path.startsWith(`${screen.path}/`);
}

function ScreenLink({ screen, isHere }: { screen: ScreenEntry; isHere: boolean }) {
  return (
    <Link href={screen.path} className={styles.link} aria-current={isHere ? "page" : undefined}>
      <Icon name={screen.icon} />
      <span>{screen.name}</span>
      {screen.path === "/needs" && <NeedCount />}
      <span className={styles.keys} aria-hidden="true">
        g {screen.key}
      </span>
    </Link>
  );
}

function NeedCount() {
  const inbox = useFeed("inbox");
  const status = useFeed("status");
  const count = inbox?.length ?? status?.counts.openQuestions ?? 0;
  if (count === 0) return null;
  return (
    <b className={styles.badge}>
      {formatCount(count)}
      <span className="sr"> open</span>
    </b>
  );
}

/** Says that what is on the screen may be old. Nothing is hidden: old figures are better than none. */
function LinkBar() {
  const link = useLink();
  const asOf = useFeed("asOf");
  const formats = useTimeFormats();
  const failure = useFeed("failure");
  const since = asOf === undefined ? "" : ` What you see is as of ${formats.clock.format(asOf)}.`;
  return (
    <div role="status">
      {link === "lost" ? (
        <p className={styles.lost}>
          <Icon name="wifi-off" size={14} /> <span>No connection to home; trying again.{since}</span>
        </p>
      ) : (
        failure !== undefined && (
          <p className={styles.lost}>
            <Icon name="triangle-alert" size={14} /> <span>{failure}</span>
          </p>
        )
      )}
    </div>
  );
}

const linkTexts = { live: "Live", connecting: "Connecting", lost: "Reconnecting" };

function Foot() {
  const link = useLink();
  const status = useFeed("status");
  return (
    <div className={styles.foot}>
      <SpendToday />
      <p className={styles.state} data-state={link}>
        <i aria-hidden="true" /> {linkTexts[link]}
        <span title={status?.home}>{status === undefined ? "" : homeName(status.home)}</span>
      </p>
    </div>
  );
}

function SpendToday() {
  const spend = useFeed("status")?.spend;
  if (spend === undefined) return <div className={styles.spend} />;
  const { usd, usdMax } = spend;
  return (
    <div className={styles.spend}>
      <span>Today</span>
      <b className="num">
        {formatUsdShort(usd)}
        {usdMax !== null && <small> of {formatUsdShort(usdMax)}</small>}
      </b>
      {usdMax !== null && (
        <meter
          min={0}
          max={usdMax}
          value={Math.min(usd, usdMax)}
          aria-label={`Spent today, of ${formatUsdShort(usdMax)}`}
        />
      )}
    </div>
  );
}

function homeName(path: string): string {
  return path.split("/").findLast((part) => part !== "") ?? path;
}
