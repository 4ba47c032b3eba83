'use strict';
// Search, filters and buttons to copy. Everything is on the page without it.
(() => {
  const groups = Array.from(document.querySelectorAll('.receipts > ol'), (list) => ({ list, rows: Array.from(list.children) }));
  const rows = groups.flatMap((group) => group.rows);
  const [tools, search, severity, guard, told] =
    ['tools', 'search', 'severity', 'guard', 'told'].map((id) => document.getElementById(id));
  if (!tools) return;
  const order = ['info', 'low', 'medium', 'high', 'critical'];
  const count = new Intl.NumberFormat('en');
  let turn = 0;

  const fits = (row, words) => {
    const worst = row.dataset.s;
    const bySeverity = severity.value === ''
      || (severity.value === 'none' ? worst === undefined : order.indexOf(worst) >= order.indexOf(severity.value));
    if (!bySeverity || (guard.value !== '' && row.dataset.g !== guard.value)) return false;
    if (words.length === 0) return true;
    const text = row.textContent.toLowerCase();
    return words.every((word) => text.includes(word));
  };

  // All at once, so that the page is laid out once. What is out of sight is taken to be as high as its rows.
  const show = (fitting) => {
    for (const { list, rows } of groups) {
      let shown = 0;
      for (const row of rows) {
        const fit = fitting.has(row);
        if (fit) shown += 1;
        if (row.hidden === fit) row.hidden = !fit;
      }
      list.hidden = shown === 0;
      list.style.containIntrinsicBlockSize = `auto ${shown * 54}px`;
    }
    told.value = `${count.format(fitting.size)} of ${count.format(rows.length)} shown`;
  };

  // In pieces of some milliseconds, so that typing goes on while many thousand rows are searched.
  const filter = () => {
    const mine = ++turn;
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const fitting = new Set();
    let next = 0;
    const piece = () => {
      if (mine !== turn) return;
      const end = performance.now() + 40;
      while (next < rows.length && performance.now() < end) {
        const row = rows[next++];
        if (fits(row, words)) fitting.add(row);
      }
      if (next < rows.length) {
        told.value = `searching… ${Math.floor(100 * next / rows.length)} %`;
        setTimeout(piece);
      } else {
        show(fitting);
      }
    };
    piece();
  };

  let wait;
  search.addEventListener('input', () => { clearTimeout(wait); wait = setTimeout(filter, 150); });
  [severity, guard].forEach((choice) => choice.addEventListener('change', filter));

  // A finding's id in the table asks for its receipts.
  for (const cell of document.querySelectorAll('td[data-q]')) {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = cell.textContent;
    button.title = 'Show these receipts';
    button.addEventListener('click', () => {
      search.value = button.textContent;
      filter();
      tools.scrollIntoView();
      search.focus();
    });
    cell.replaceChildren(button);
  }

  const copy = async (button, source) => {
    try {
      await navigator.clipboard.writeText(source.textContent);
      button.textContent = 'Copied';
    } catch {
      getSelection().selectAllChildren(source);
      button.textContent = 'Selected';
    }
    setTimeout(() => { button.textContent = 'Copy'; }, 2000);
  };
  document.addEventListener('toggle', (event) => {
    if (!event.target.open) return;
    for (const box of event.target.querySelectorAll('.copy')) {
      if (box.querySelector('button')) continue;
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = 'Copy';
      button.addEventListener('click', () => copy(button, box.querySelector('code')));
      box.append(button);
    }
  }, true);

  // Browsers whose style sheets can't unfold what is printed.
  if (!CSS.supports('selector(::details-content)')) {
    let opened = [];
    addEventListener('beforeprint', () => {
      opened = rows.filter((row) => row.dataset.s && !row.firstElementChild.open).map((row) => row.firstElementChild);
      opened.forEach((details) => { details.open = true; });
    });
    addEventListener('afterprint', () => opened.forEach((details) => { details.open = false; }));
  }

  told.value = `${count.format(rows.length)} of ${count.format(rows.length)} shown`;
  tools.hidden = false;
})();
