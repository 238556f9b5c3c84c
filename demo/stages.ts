/**
 * Says which stage the demo is in: number and title, on a line of its own. The steps of a stage report their progress below it.
 *
 * @param titles of all stages, in order
 * @returns a function that begins the stage of that title. It throws if that is not the next one
 */
export function stages(titles: readonly string[], say: (line: string) => void): (title: string) => void {
  let next = 0;
  return (title) => {
    if (titles[next] !== title) throw new Error(`the stage ${title} is not the next one: ${titles[next] ?? "none"}`);
    next += 1;
    say(`${next === 1 ? "" : "\n"}[${next}/${titles.length}] ${title}`);
  };
}
