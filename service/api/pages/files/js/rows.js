// A long list in a window of its own, of which only the rows that are seen exist.

import "./production.js";
import {
  elementScroll,
  observeElementOffset,
  observeElementRect,
  Virtualizer,
} from "../vendor/virtual-core/index.js";

const OVERSCAN = 8;

/** The window over `count` rows of one height in an element that scrolls. */
export class Rows {
  constructor(element, height, changed) {
    this.element = element;
    this.virtualizer = new Virtualizer({
      count: 0,
      estimateSize: () => height,
      getScrollElement: () => element,
      observeElementOffset,
      observeElementRect,
      scrollToFn: elementScroll,
      overscan: OVERSCAN,
      onChange: changed,
    });
    this.end = this.virtualizer._didMount();
    this.virtualizer._willUpdate();
  }

  set count(count) {
    if (count === this.virtualizer.options.count) return;
    this.virtualizer.setOptions({ ...this.virtualizer.options, count });
    this.virtualizer._willUpdate();
    this.virtualizer.measure();
  }

  get height() {
    return this.virtualizer.getTotalSize();
  }

  /** What exists: [{ index, start }], in pixels from the top of the list. */
  get items() {
    return this.virtualizer.getVirtualItems();
  }

  show(index, align = "center") {
    this.virtualizer.scrollToIndex(index, { align });
  }
}
