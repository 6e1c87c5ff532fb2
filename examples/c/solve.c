/* Measures a computation in two parts: a C program that links libimpact.
 *
 *   cmake -S . -B build -DCMAKE_PREFIX_PATH=<where impact is installed> && cmake --build build && build/solve runs/c
 */
#include <impact/impact.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static volatile double sink;

static void work(int rounds) {
  double sum = 0.0;
  for (int round = 0; round < rounds; ++round)
    for (int i = 1; i < 100000; ++i) sum += sqrt((double)i);
  sink = sum;
}

/* Nothing that the tracker does may end the program: it says what went wrong, and the work goes on. */
static int worked(impact_status status) {
  if (status != IMPACT_OK) fprintf(stderr, "energy is not measured: %s\n", impact_last_error());
  return status == IMPACT_OK;
}

static void print_result(const char *what, const impact_result *result) {
  char text[80];
  const impact_energy energy = impact_result_energy(result);
  impact_energy_text(&energy, text, sizeof text);
  printf("%s: %s in %.3g s\n", what, text, impact_result_seconds(result));
}

int main(int count, char **arguments) {
  const char *folder = count > 1 ? arguments[1] : "runs/c";
  const int rounds = count > 2 ? atoi(arguments[2]) : 2000;
  impact_settings *settings = impact_settings_new();
  impact_tracker *tracker = NULL;
  impact_result *part = NULL, *run = NULL;
  uint64_t region = 0;

  worked(impact_settings_set(settings, "interval_s", "0.1"));
  worked(impact_settings_set(settings, "tags", "program=solve"));
  if (!worked(impact_tracker_open(folder, settings, &tracker)) || !worked(impact_tracker_start(tracker))) return 1;

  worked(impact_region_enter(tracker, "assemble", &region));
  work(rounds / 4);
  worked(impact_region_exit(tracker, region, &part));

  worked(impact_region_enter(tracker, "solve", &region));
  work(rounds);
  worked(impact_region_exit(tracker, region, NULL));

  worked(impact_tracker_stop(tracker, &run));
  print_result("assemble", part);
  print_result("the run", run);
  for (size_t i = 0; i < impact_result_device_count(run); ++i) {
    impact_device device;
    if (impact_result_device(run, i, &device)) printf("  %s: %.4g J (%s)\n", device.channel, device.energy.best_j, device.role);
  }
  for (size_t i = 0; i < impact_result_note_count(run); ++i) printf("note: %s\n", impact_result_note(run, i));
  printf("record: %s\n", impact_tracker_path(tracker));

  impact_result_free(part);
  impact_result_free(run);
  impact_tracker_close(tracker);
  impact_settings_free(settings);
  return 0;
}
