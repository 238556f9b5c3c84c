/**
 * What a person sees of the demo's course: each stage has its number and what it is for, on a line of its own. The steps inside of
 * a stage report their own progress, in lines below.
 *
 * @param titles all of them: how many there are is said from the first one on
 * @returns begins the stage of that title; throws where it is not the next one
 */
export function stages(titles: readonly string[], say: (line: string) => void): (title: string) => void {
  let next = 0;
  return (title) => {
    if (titles[next] !== title) throw new Error(`the stage ${title} is not the next one: ${titles[next] ?? "none"}`);
    next += 1;
    say(`${next === 1 ? "" : "\n"}[${next}/${titles.length}] ${title}`);
  };
}
