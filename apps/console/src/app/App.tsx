/** What is on the page: sign-in, or the shell with the screen of the address. */
import "../styles/base.css";
import { lazy, Suspense, useEffect, useMemo, useState, useSyncExternalStore } from "react";
import { Route, Switch, useLocation } from "wouter";
import { ConsoleContext, useFeed, type ConsoleParts } from "../live/console-context.ts";
import { createTimeFormats } from "../parts/format.ts";
import { TimeFormatsContext } from "../parts/time-formats.ts";
import { hasLeftWelcome } from "../parts/welcome.ts";
import { PlacesContext } from "../parts/places.ts";
import { ScreenHeader } from "../parts/ScreenHeader.tsx";
import { Blank } from "../parts/Blank.tsx";
import { Crash } from "./Crash.tsx";
import type { ConsoleSession } from "./create-session.ts";
import { innerScreens, screens } from "./screens.ts";
import { Shell } from "./Shell.tsx";
import { SignInScreen } from "./SignInScreen.tsx";
import { useListedScreens } from "./use-listed-screens.ts";
import { useShortcuts } from "./use-shortcuts.ts";
import { useTimeZone } from "./use-time-zone.ts";

const Palette = lazy(() => import("../features/palette/Palette.tsx").then((all) => ({ default: all.Palette })));
const Welcome = lazy(() =>
  import("../features/welcome/WelcomeScreen.tsx").then((all) => ({ default: all.WelcomeScreen })),
);
const Shortcuts = lazy(() => import("../features/palette/Shortcuts.tsx").then((all) => ({ default: all.Shortcuts })));

export interface AppProps {
  parts: ConsoleParts;
  session: Pick<ConsoleSession, "state" | "subscribe">;
}

export function App({ parts, session }: AppProps) {
  const state = useSyncExternalStore(session.subscribe, session.state);
  if (state === "out") return <SignInScreen />;
  return (
    <ConsoleContext value={parts}>
      <Frame />
    </ConsoleContext>
  );
}

const routes = [
  ...screens.flatMap(({ path, inside, view }) =>
    [path, inside].flatMap((one) => (one === undefined ? [] : [{ path: one, view }])),
  ),
  ...innerScreens,
];

const welcomePath = "/welcome";

/** The address. A home without a model begins with choosing one, until this browser has left that. */
function useFirstRun(): string {
  const [path, navigate] = useLocation();
  const isFirst = useFeed("status")?.model.mode === "rehearsal" && path === "/" && !hasLeftWelcome();
  useEffect(() => {
    if (isFirst) navigate(welcomePath, { replace: true });
  }, [isFirst, navigate]);
  return path;
}

type Opened = "palette" | "shortcuts" | undefined;

function Frame() {
  const [opened, setOpened] = useState<Opened>(undefined);
  const listed = useListedScreens();
  const timeZone = useTimeZone();
  const formats = useMemo(() => createTimeFormats(timeZone), [timeZone]);
  useShortcuts({
    onPalette: () => setOpened((was) => (was === "palette" ? undefined : "palette")),
    onHelp: () => setOpened("shortcuts"),
  });
  const close = () => setOpened(undefined);
  const path = useFirstRun();
  if (path === welcomePath)
    return (
      <Suspense>
        <Welcome />
      </Suspense>
    );
  return (
    <TimeFormatsContext value={formats}>
      <PlacesContext value={listed}>
        <Shell screens={listed} onSearch={() => setOpened("palette")}>
          <Suspense fallback={<ScreenHeader title="" />}>
            <Switch>
              {routes.map(({ path, view: View }) => (
                <Route key={path} path={path}>
                  <Crash key={path}>
                    <View />
                  </Crash>
                </Route>
              ))}
              <Route>
                <ScreenHeader title="Not here" />
                <Blank icon="search" title="There is no such screen">
                  Its address may be of an older version.
                </Blank>
              </Route>
            </Switch>
          </Suspense>
        </Shell>
        <Suspense>
          {opened === "palette" && <Palette onClose={close} onHelp={() => setOpened("shortcuts")} />}
          {opened === "shortcuts" && <Shortcuts onClose={close} />}
        </Suspense>
      </PlacesContext>
    </TimeFormatsContext>
  );
}
