// What the explorer shows of a benchmark's answers: their ratings, orders, outcomes, and one question in full.
//
// It stands before explorer.js in the page's one script, which hands it the page's data and its ways to make elements.
"use strict";
const answersView = ({ data, el, pieces, plain, signed, rated, picture }) => {
  const SAME = 0.05; // ratings are shown with one decimal: what is nearer looks equal
  const number = (value) => (value === null || value === undefined ? NaN : value);
  const median = (values) => {
    const sorted = values.filter((one) => !Number.isNaN(one)).sort((a, b) => a - b);
    const half = sorted.length >> 1;
    return sorted.length === 0 ? NaN : sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  };
  const spread = (values) => {
    const found = values.filter((one) => !Number.isNaN(one));
    return found.length < 2 ? NaN : Math.max(...found) - Math.min(...found);
  };
  const largest = (values) => Math.max(...values.filter((one) => !Number.isNaN(one)));

  const answers = {
    // By the judge that is chosen; where that is "panel" the median of those that sit on it, if all have rated.
    judged(of, judge) {
      if (!of) return NaN;
      if (judge !== "panel") return number(of[Math.max(0, data.judges.indexOf(judge))]);
      const sitting = data.panel.map((one) => number(of[one]));
      return sitting.some(Number.isNaN) ? NaN : median(sitting);
    },
    rating: (item, arm, state) => answers.judged(item.answers[arm] && item.answers[arm].ratings, state.judge),
    control(item, arm, which, state) {
      const of = item.answers[arm].controls;
      return answers.judged(of && of.map((one) => one[which]), state.judge);
    },
    // To the answer of the arm's own baseline to the same question; of a judge that laid the two into one pair, within that pair.
    gain(item, arm, state) {
      const within = item.answers[arm].facing || {};
      const of = (which, side) => answers.judged(data.judges.map((_, judge) => (judge in within ? within[judge][side] : (item.answers[which].ratings || [])[judge])), state.judge);
      const base = data.baselines[arm];
      return arm === base || base < 0 ? NaN : of(arm, 0) - of(base, 1);
    },
    // The arms that a filter or an order speaks of: the one that is chosen, or all but the baseline and the controls.
    arms: (state) => (data.arms.includes(state.arm) ? [data.arms.indexOf(state.arm)] : data.compared),
    orders(item, arm, state) {
      const judge = Math.max(0, data.judges.indexOf(state.judge));
      const mean = (order) => {
        const found = (item.answers[arm].verdicts || []).filter((one) => one[0] === judge && one[4] === order && one[1] !== null);
        return found.length ? found.reduce((sum, one) => sum + one[1], 0) / found.length : NaN;
      };
      return Math.abs(mean("ab") - mean("ba"));
    },
    // Not above what the prior and the arm's own answer to another picture got.
    blind(item, arm, state) {
      const own = answers.rating(item, arm, state);
      const other = data.priors[arm];
      const prior = other < 0 || other === arm ? NaN : answers.rating(item, other, state);
      return own <= prior || own <= answers.control(item, arm, 0, state);
    },
    outcomes: {
      better: (item, arm, state) => answers.gain(item, arm, state) >= SAME,
      worse: (item, arm, state) => answers.gain(item, arm, state) <= -SAME,
      equal: (item, arm, state) => Math.abs(answers.gain(item, arm, state)) < SAME,
      wrong: (item, arm) => item.answers[arm].wrong > 0,
      unscored: (item, arm, state) => Boolean(item.answers[arm].text) && Number.isNaN(answers.rating(item, arm, state)),
      missing: (item, arm) => !item.answers[arm].text,
      blind: (item, arm, state) => answers.blind(item, arm, state),
    },
    matches(item, state) {
      const outcome = Object.hasOwn(answers.outcomes, state.outcome) && answers.outcomes[state.outcome];
      return !outcome || answers.arms(state).some((arm) => outcome(item, arm, state));
    },
    // What the claims of an answer are worth by the facts alone, on the judges' scale; NaN where none could be decided.
    facts(one) {
      const decided = (one.right || 0) + (one.wrong || 0);
      return decided ? 1 + (9 * one.right) / decided : NaN;
    },
    people: (one) => (data.people < 0 ? NaN : number((one.ratings || [])[data.people])),
    // How far the judge that is chosen lies from another measure of the same answers; where none is, every model.
    apart(item, state, measure) {
      const chosen = data.judges.indexOf(state.judge);
      const others = data.models.length ? data.models : [0];
      const judges = chosen >= 0 && chosen !== data.people ? [chosen] : others;
      return largest(answers.arms(state).flatMap((arm) => {
        const one = item.answers[arm], truth = measure(one);
        return judges.map((judge) => Math.abs(number((one.ratings || [])[judge]) - truth));
      }));
    },
    // What items are sorted by, the largest first; NaN comes last.
    orders_by: {
      gain: (item, state) => largest(answers.arms(state).map((arm) => answers.gain(item, arm, state))),
      loss: (item, state) => largest(answers.arms(state).map((arm) => -answers.gain(item, arm, state))),
      arms: (item, state) =>
        spread(data.arms.map((_, arm) => (data.controls.includes(arm) ? NaN : answers.rating(item, arm, state)))),
      // Of judges that share a scale: where there are not two of them, of all that there are.
      judges: (item, state) =>
        largest(answers.arms(state).map((arm) => spread(data.disagree.map((one) => number((item.answers[arm].ratings || [])[one]))))),
      people: (item, state) => answers.apart(item, state, answers.people),
      facts: (item, state) => answers.apart(item, state, answers.facts),
      orders: (item, state) => largest(answers.arms(state).map((arm) => answers.orders(item, arm, state))),
    },
    text: (item) =>
      [item.id, item.text]
        .concat((item.quoted || []).flat())
        .concat(item.answers.flatMap((one) => (one.text ? [plain(one.text), one.note, ...one.verdicts.map((v) => data.reasons[v[2]])] : [one.note])))
        .join("\n"),
    // Every arm's rating as a dot between 0 and 10, so that the list itself shows where arms part.
    row(item, state) {
      const found = data.arms.map((name, arm) => [name, answers.rating(item, arm, state), arm]);
      const told = found.map(([name, value]) => `${name} ${rated(value)}`).join(", ");
      const dots = found
        .filter(([, value, arm]) => !Number.isNaN(value) && !data.controls.includes(arm))
        .map(([, value, arm]) =>
          el("i", { style: { left: `${Math.min(10, Math.max(0, value)) * 10}%`, background: data.colours[arm] } }));
      const key = Object.hasOwn(answers.orders_by, state.sort) ? answers.orders_by[state.sort](item, state) : NaN;
      const value = !Number.isFinite(key) ? "" : state.sort === "loss" ? signed(-key) : state.sort === "gain" ? signed(key) : key.toFixed(1);
      return [el("span", { class: "strip", role: "img", "aria-label": `Ratings: ${told}`, title: told }, dots), el("span", { class: "value" }, value)];
    },
    detail(item, state) {
      return [
        el("div", { class: item.times ? "look over" : "look" }, picture(item, `The ${item.times ? "frame" : "picture"}${item.further ? "s" : ""} of ${item.id} with ${item.further ? "their" : "its"} skeletons`, answers.spans(item))),
        el("div", { class: "answers" }, item.answers.map((one, arm) => answers.block(item, one, arm, state)),
          (item.quoted || []).map(([model, text]) =>
            el("section", { class: "answer quoted" }, el("h4", {}, el("bdi", {}, model), el("span", { class: "tag" }, data.printed)),
              el("p", { class: "said", dir: "auto" }, text)))),
      ];
    },
    // When claims of motion took place: all that name one span as right, or as wrong, together.
    spans(item) {
      const found = new Map();
      item.answers.forEach((one, arm) => (one.spans || []).forEach(([start, end, mark, words]) => {
        const key = `${start} ${end} ${mark}`;
        if (!found.has(key)) found.set(key, { start, end, mark, said: new Map() });
        const { said } = found.get(key);
        said.set(words, [...(said.get(words) || []), data.arms[arm]]);
      }));
      return [...found.values()]
        .sort((a, b) => a.start - b.start || a.end - b.end)
        .map((of) => ({ ...of, told: `${data.marks[of.mark]}: ${[...of.said].map(([words, arms]) => `“${words}” (${arms.join(", ")})`).join("; ")}` }));
    },
    block(item, one, arm, state) {
      const gain = answers.gain(item, arm, state);
      const colour = { style: { background: data.colours[arm] }, class: "dot" };
      const outcome = Number.isNaN(gain) ? "" : gain >= SAME ? "better" : gain <= -SAME ? "worse" : "equal";
      const blind = outcome && answers.blind(item, arm, state) ? el("span", { class: "tag", title: data.blind }, "†") : "";
      const head = el("h4", {}, el("i", colour), el("bdi", {}, data.arms[arm]),
        one.text ? el("b", {}, rated(answers.rating(item, arm, state))) : "",
        outcome ? el("span", { class: `tag ${outcome}`, title: "to the baseline" }, signed(gain)) : "", blind,
        one.note ? el("span", { class: "hole" }, el("bdi", {}, one.note)) : "");
      if (!one.text) return el("section", { class: "answer" }, head);
      const controls = data.looks
        .map((name, which) => [name, answers.control(item, arm, which, state)])
        .filter(([, value]) => !Number.isNaN(value));
      return el("section", { class: "answer" }, head, el("p", { class: "said", dir: "auto" }, pieces(one.text)),
        answers.beside(one), answers.verdicts(one, state),
        controls.length ? el("p", { class: "soft" }, "Controls: ", controls.map(([name, value]) => `${name} ${rated(value)}`).join(", ")) : "");
    },
    // What people said, and what the facts allow: by these a model's rating is seen to be wrong.
    beside(one) {
      const found = [], facts = answers.facts(one), people = answers.people(one);
      if (!Number.isNaN(people)) found.push(`people ${rated(people)}`);
      if (data.models.length && !Number.isNaN(facts)) found.push(`${one.right} of ${one.right + one.wrong} claims hold: ${rated(facts)}`);
      return found.length ? el("p", { class: "soft beside" }, `Beside the judges: ${found.join("; ")}`) : "";
    },
    // One verdict stands there at once, several behind a line that sums them up.
    verdicts(one, state) {
      const lines = one.verdicts.map(([judge, rating, reason, opponent, order, repeat]) => {
        const beside = opponent ? `, beside ${opponent}` : "";
        const place = order ? `, ${order === "ab" ? "first" : "second"}` : "";
        const again = repeat ? `, repeat ${repeat + 1}` : "";
        return el("li", {}, el("span", { class: "judge" }, el("bdi", {}, data.named[judge] + beside + place + again), " ", el("b", {}, rated(rating))),
          el("span", { class: "reason", dir: "auto" }, data.reasons[reason]));
      });
      if (lines.length < 2) return el("ul", { class: "verdicts" }, lines.length ? lines : el("li", {}, "not judged"));
      const told = data.named.map((name, judge) => [name, number(one.ratings[judge])]).map(([name, value]) => `${name} ${rated(value)}`);
      return el("details", { open: state.why === "1" }, el("summary", {}, `${lines.length} verdicts: ${told.join(", ")}`), el("ul", { class: "verdicts" }, lines));
    },
  };
  return answers;
};
