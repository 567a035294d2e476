// A client of a nascore service, typed by the service's own OpenAPI document (`npm run generate`).

import createClient, { type Client } from "openapi-fetch";

import type { components, paths } from "./nascore.js";

type Schemas = components["schemas"];

/** Of a board and of accuracies there is CSV as well. */
type Json = "application/json" | "application/problem+json";

export type Nascore = Client<paths, Json>;
export type Spelling = Schemas["Spelling"];
export type ScoreRequest = Schemas["ScoreRequest"];
export type ProposeRequest = Schemas["ProposeRequest"];

/** Of one request, where the service answers it only when everything is final. */
const WAIT = { prefer: "wait=30" };

export function connect(server: string): Nascore {
  return createClient<paths, Json>({ baseUrl: server });
}

/** The results, in the order asked, once all of them are final. */
export async function score(nascore: Nascore, body: ScoreRequest): Promise<Schemas["Result"][]> {
  const { data, error } = await nascore.POST("/score", { body, params: { header: WAIT } });
  if (error) throw new Refusal(error);
  if (data.job === null) return data.results;
  await settled(nascore, data.job);
  return results(nascore, data.job);
}

/** The best, once all that they are chosen from are scored; of a cancelled job, of what is. */
export async function propose(
  nascore: Nascore,
  body: ProposeRequest,
): Promise<Schemas["Proposal"][]> {
  let key = crypto.randomUUID();
  let ended: string | undefined;
  for (;;) {
    const { data, error, response } = await nascore.POST("/propose", {
      body,
      params: { header: { ...WAIT, "idempotency-key": key } },
    });
    if (error) throw new Refusal(error);
    if (response.status === 200 || data.job === null) return data.items;
    await settled(nascore, data.job);
    if (data.job === ended) {
      // What it scored counts no more, as after an upgrade of the service: only another job helps.
      await pause(response);
      key = crypto.randomUUID();
    }
    ended = data.job;
  }
}

/** The job, once nothing of it is left to do. */
export async function settled(nascore: Nascore, id: string): Promise<Schemas["Job"]> {
  for (;;) {
    const { data, error, response } = await nascore.GET("/jobs/{job_id}", {
      params: { path: { job_id: id } },
    });
    if (error) throw new Refusal(error);
    if (data.state !== "running") return data;
    await pause(response);
  }
}

/** As long as the answer asks for. */
async function pause(response: Response): Promise<void> {
  const seconds = Number(response.headers.get("Retry-After") ?? 1);
  await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
}

/** Every result of a job in the order asked, page by page. */
async function results(nascore: Nascore, id: string): Promise<Schemas["Result"][]> {
  const found: Schemas["Result"][] = [];
  let cursor: string | null | undefined;
  do {
    const { data, error } = await nascore.GET("/jobs/{job_id}/results", {
      params: { path: { job_id: id }, query: { limit: 1000, cursor } },
    });
    if (error) throw new Refusal(error);
    found.push(...data.results);
    cursor = data.next;
  } while (cursor !== null);
  return found;
}

/** What the service refused, every fault with what would be valid. */
export class Refusal extends Error {
  constructor(readonly problem: Schemas["Problem"]) {
    const faults = (problem.errors ?? []).map(
      (fault) => `\n  ${fault.field}: ${fault.detail} (valid: ${fault.valid ?? "not told"})`,
    );
    super(`${problem.title}: ${problem.detail}${faults.join("")}`);
  }
}
