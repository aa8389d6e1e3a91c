/** GraphiQL on the home's own /graphql: a page of its own, for people who write queries. */
import { GraphiQL } from "graphiql";
import { createRoot } from "react-dom/client";
import { ask } from "./ask.ts";
import "graphiql/style.css";
import "./page.css";

const welcome = `# Ctrl-Space completes, the book on the left has all that can be asked.
{
  listRuns(limit: 5) {
    items { id title state }
    next
  }
}
`;

createRoot(document.getElementById("root")!).render(<GraphiQL fetcher={ask} defaultQuery={welcome} />);
