// Sound

async function showSound(clip) {
  const place = current;
  const audio = byId("audio");
  audio.src = `clips/${place}/sound.wav`;
  byId("spectrogram").src = `clips/${place}/spectrogram.png`;
  byId("spectrogram").alt = `Spectrogram of ${visible(clip.clip_id)}`;
  byId("sound").textContent = "";
  tick();
  try {
    const about = await ask(`clips/${place}/about`);
    if (place !== current) return;
    showAxes(about);
    const louder = Math.abs(about.gain_db) >= 1 ? `played ${Math.abs(about.gain_db).toFixed(0)} dB ${about.gain_db > 0 ? "louder" : "softer"}` : "";
    const parts = [about.cut, `${about.rate_hz / 1000} kHz`, louder];
    byId("sound").textContent = parts.filter(Boolean).join(" · ");
    if (place + 1 < state.clips.length) new Image().src = `clips/${place + 1}/spectrogram.png`; // ready when it is opened
  } catch (error) {
    if (place === current) say(error.message, true);
  }
}

function showAxes(about) {
  const frequencies = about.ticks.map(([place, text]) => {
    const made = element("span", text);
    made.style.bottom = `${100 * place}%`;
    return made;
  });
  byId("frequencies").replaceChildren(...frequencies);
  const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60, 120].find((s) => about.duration_s / s <= 10) ?? 300;
  const seconds = [];
  for (let i = 0; i * step < about.duration_s * 0.97; i++) {
    const made = element("span", `${+(i * step).toFixed(1)}${i ? "" : " s"}`);
    made.style.left = `${(100 * i * step) / about.duration_s}%`;
    seconds.push(made);
  }
  byId("seconds").replaceChildren(...seconds);
}

function tick() {
  const audio = byId("audio");
  const length = audio.duration || 0;
  byId("playhead").style.left = length ? `${(100 * audio.currentTime) / length}%` : "0";
  byId("clock").textContent = `${audio.currentTime.toFixed(1)} of ${length.toFixed(1)} s`;
  const text = audio.paused ? "Play " : "Pause ";
  if (byId("play").firstChild.data !== text) byId("play").firstChild.data = text;
  if (!audio.paused) requestAnimationFrame(tick);
}

function play() {
  const audio = byId("audio");
  if (audio.paused) audio.play().catch((error) => say(`This sound can't be played: ${error.message}`, true));
  else audio.pause();
}

function seek(seconds) {
  const audio = byId("audio");
  audio.currentTime = Math.min(Math.max(seconds, 0), audio.duration || 0);
  tick();
}
