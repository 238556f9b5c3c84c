import type { Server } from "../outputs.ts";

/**
 * The servers of a stack from what is said of each of their containers: those of one id are replicas of one server, the first one first. It
 * is ready when all of them are. Pure.
 */
export function joined(containers: readonly Server[]): Server[] {
  return [...Map.groupBy(containers, ({ id }) => id).values()].flatMap(([first, ...others]) => {
    if (first === undefined || others.length === 0) return first ?? [];
    const { readySeconds: _own, ...server } = first;
    const ready = [first, ...others].flatMap(({ readySeconds }) => readySeconds ?? []);
    const replicas = others.map(({ container, placement, endpoints, workspace }) => ({
      ...{ container, placement, workspace },
      ports: endpoints.map(({ port }) => port),
    }));
    return { ...server, ...(ready.length > others.length ? { readySeconds: Math.max(...ready) } : {}), replicas };
  });
}
