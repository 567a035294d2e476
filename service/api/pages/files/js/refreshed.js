// What changes by itself, asked for again now and then: only while it is seen, and seldom where nothing
// comes of it.

const FIRST_PAUSE = 8000;
const LONGEST_PAUSE = 60000;

/**
 * Asks again as long as the page is there.
 *
 * due(): whether there is anything to wait for; ask(): asks, and says whether something was new.
 */
export function keep(due, ask) {
  let pause = FIRST_PAUSE;
  let timer = null;

  const turn = async () => {
    timer = null;
    if (due()) pause = (await ask()) ? FIRST_PAUSE : Math.min(1.5 * pause, LONGEST_PAUSE);
    else pause = FIRST_PAUSE;
    wait();
  };
  const wait = () => {
    if (!document.hidden) timer ??= setTimeout(turn, pause);
  };

  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    timer = null;
    pause = FIRST_PAUSE;
    if (!document.hidden) turn();
  });
  wait();
}
