import type { APIGatewayProxyEventV2, Context } from "aws-lambda";

/** As API Gateway writes them: `GET /positions/{id}`. */
export type RouteKey = `${"GET" | "POST" | "PUT" | "PATCH" | "DELETE"} /${string}`;
/** It may answer with a whole response, or with just what is to be its JSON body. */
export type ApiHandler = (event: APIGatewayProxyEventV2, context: Context) => Promise<unknown>;
export type Routes = Readonly<Record<RouteKey, ApiHandler>>;

export interface RouteMatch {
  readonly routeKey: string;
  readonly handler: ApiHandler;
  readonly pathParameters: Record<string, string>;
}

/** The segments of a path; none if its percent-encoding is broken. */
export function decodePath(path: string): string[] | undefined {
  try {
    return path.split("/").map(decodeURIComponent);
  } catch {
    return undefined;
  }
}

export function router(routes: Routes): (method: string, path: readonly string[]) => RouteMatch | undefined {
  const table = Object.entries(routes).map(([routeKey, handler]) => {
    const [method = "", pattern = ""] = routeKey.split(" ");
    return { routeKey, handler, method, segments: pattern.split("/").map(segment) };
  });
  // The route that says more wins: `/positions/open` before `/positions/{id}`.
  table.sort((one, other) => variables(one.segments) - variables(other.segments));

  return (method, path) => {
    for (const { routeKey, handler, method: expected, segments } of table) {
      if (method !== expected || path.length !== segments.length) continue;
      const fits = segments.every((segment, index) =>
        segment.variable ? path[index] !== "" : path[index] === segment.name,
      );
      if (!fits) continue;
      const values = segments.flatMap(({ variable, name }, index) => (variable ? [[name, path[index]]] : []));
      return { routeKey, handler, pathParameters: Object.fromEntries(values) };
    }
    return undefined;
  };
}

interface Segment {
  readonly variable: boolean;
  readonly name: string;
}

function segment(text: string): Segment {
  const name = /^\{(\w+)\}$/.exec(text)?.[1];
  return name === undefined ? { variable: false, name: text } : { variable: true, name };
}

function variables(segments: readonly Segment[]): number {
  return segments.filter(({ variable }) => variable).length;
}
