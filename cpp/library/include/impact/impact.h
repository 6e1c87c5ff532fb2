/* impact.h - measures what a program uses in energy: the core of impact-tracker for C, and for all that can call C.
 *
 *   impact_tracker *tracker = NULL;
 *   if (impact_tracker_open("runs/a", NULL, &tracker) != IMPACT_OK) fputs(impact_last_error(), stderr);
 *   impact_tracker_start(tracker);
 *   compute();
 *   impact_result *result = NULL;
 *   impact_tracker_stop(tracker, &result);
 *   impact_energy energy = impact_result_energy(result);     // joules with their error and quality
 *   impact_result_free(result);
 *   impact_tracker_close(tracker);
 *
 * The record in "runs/a/impacttracker/" is the one that the Python package writes: `impact-tracker report runs/a` reads
 * it. What was not measured is NaN with the quality IMPACT_MISSING; it is never 0.
 *
 * Every function may be called from any thread. In a forked child a tracker is inert: it records nothing, and its
 * results are NULL. A null pointer may be given to every function; one that cannot work with it says so.
 *
 * The binary interface: functions and structures of this header keep their form as long as IMPACT_ABI stays the same,
 * which is also the number behind "libimpact.so."; new functions may be added, and new words of settings.
 */
#ifndef IMPACT_IMPACT_H
#define IMPACT_IMPACT_H

#include <stddef.h>
#include <stdint.h>

#define IMPACT_ABI 1

#if defined(__GNUC__)
#define IMPACT_API __attribute__((visibility("default")))
#else
#define IMPACT_API
#endif

#ifdef __cplusplus
extern "C" {
#endif
/* NOLINTBEGIN(readability-identifier-naming): names as C programs write them */

/* ---- what a call ended with; impact_last_error() has the words ------------------------------------------------- */

typedef enum impact_status {
  IMPACT_OK = 0,
  IMPACT_BAD_ARGUMENT = 1, /* a null pointer, an unknown setting, a value that a setting does not take */
  IMPACT_BAD_STATE = 2,    /* started twice, a region that is not open */
  IMPACT_NO_SOURCE = 3,    /* nothing can be measured here, and the setting "strict" is on */
  IMPACT_NO_RECORD = 4,    /* the record cannot be written */
  IMPACT_NO_MEMORY = 5,
  IMPACT_FAILED = 6 /* anything else */
} impact_status;

/* What the last call of this thread that did not end with IMPACT_OK had to say, with the remedy where there is one.
 * Valid until this thread's next call. Never NULL. */
IMPACT_API const char* impact_last_error(void);

IMPACT_API const char* impact_version(void); /* "0.1.0" */
IMPACT_API int impact_abi(void);             /* IMPACT_ABI of the library that is loaded */

/* ---- settings: words, as in the environment ---------------------------------------------------------------------- */

typedef struct impact_settings impact_settings;

/* NULL where there is no memory. */
IMPACT_API impact_settings* impact_settings_new(void);
IMPACT_API void impact_settings_free(impact_settings* settings);

/* Sets one setting. What is not set here comes from the environment: IMPACT_TRACKER_INTERVAL_S for "interval_s".
 *
 *   interval_s           seconds between two samples, 0.0005 to 3600 (1)
 *   sources              names of readers, with commas (all; `impact-tracker doctor` lists them)
 *   edges                how the edges of regions are read: plain, or tick, which waits 2 ms at most (plain)
 *   include_psys         true: the platform's counter stands for the parts that it covers (false)
 *   strict               true: opening fails where nothing can be measured (false)
 *   scope                whose share is told: machine (nobody's), process, cgroup, job (process)
 *   idle_policy          who bears the energy of idling: none, allocated_cores, usage, equal (usage)
 *   share_of             self, children, or the number of another process (self)
 *   tags                 notes in the record: name=text,name=text; set again, they are added
 *   zone                 code of the electricity's country or region: FR, US-CA (none: the world's average)
 *   intensity_g_per_kwh  carbon intensity of the electricity, in place of a zone
 *   pue                  power usage effectiveness of the site, 1 or more (without it 1, estimated)
 *   rank, world_size, local_rank, local_world_size, node
 *                        the process's place in a parallel run, as MPI tells it (none)
 *   run_key              the same text in all processes of one run on a machine, which share slow sensors (none)
 *   <a reader's setting> as `impact-tracker doctor --settings` lists them: redfish_user, ipmi …
 *
 * IMPACT_BAD_ARGUMENT for an unknown name, with near ones, and for a value that the setting does not take. */
IMPACT_API impact_status impact_settings_set(impact_settings* settings, const char* name, const char* value);

/* ---- a tracker: one record ------------------------------------------------------------------------------------- */

typedef struct impact_tracker impact_tracker;
typedef struct impact_result impact_result;

/* Opens a record in the folder, which is made where it is missing (NULL: the working directory). Nothing runs yet.
 * `settings` may be NULL and may be freed afterwards. */
IMPACT_API impact_status impact_tracker_open(const char* folder, const impact_settings* settings,
                                             impact_tracker** tracker);
/* Stops it where it runs, and frees it. */
IMPACT_API void impact_tracker_close(impact_tracker* tracker);

IMPACT_API impact_status impact_tracker_start(impact_tracker* tracker);
/* Ends the measurement and writes the totals; again: no effect. `result` may be NULL; else it takes the run's result,
 * which is NULL in a forked child and where the tracker was never started. */
IMPACT_API impact_status impact_tracker_stop(impact_tracker* tracker, impact_result** result);
/* The run up to now, or as it ended. */
IMPACT_API impact_status impact_tracker_result(impact_tracker* tracker, impact_result** result);

/* A part of the run. Regions nest and overlap, and another thread may leave what one has entered. */
IMPACT_API impact_status impact_region_enter(impact_tracker* tracker, const char* name, uint64_t* region);
/* `result` may be NULL. It is provisional where the next samples will still sharpen it. */
IMPACT_API impact_status impact_region_exit(impact_tracker* tracker, uint64_t region, impact_result** result);
/* The final result of a region that was provisional at its exit: NULL as long as it is not known, and where it was left
 * more than 256 regions ago. */
IMPACT_API impact_status impact_region_settled(impact_tracker* tracker, uint64_t region, impact_result** result);

/* Waits until the run has used so many joules, and for `longest_s` seconds at most: whether it has. 0 at once where the
 * tracker does not run. Another thread may stop the tracker, which ends the wait. */
IMPACT_API impact_status impact_tracker_wait(impact_tracker* tracker, double energy_j, double longest_s, int* reached);

IMPACT_API int impact_tracker_is_running(const impact_tracker* tracker);
IMPACT_API int impact_tracker_is_inert(const impact_tracker* tracker); /* in a forked child */
/* The record's file. Valid as long as the tracker. */
IMPACT_API const char* impact_tracker_path(const impact_tracker* tracker);
/* Hands to the disk what waits to be written. */
IMPACT_API void impact_tracker_flush(impact_tracker* tracker);
/* Samples, gaps, errors of sensors and of the record, as JSON. Free it with impact_free; NULL where there is no memory. */
IMPACT_API char* impact_tracker_health(impact_tracker* tracker);
IMPACT_API void impact_free(void* text);

/* ---- results --------------------------------------------------------------------------------------------------- */

typedef enum impact_quality {
  IMPACT_MEASURED = 0,  /* a sensor's own value */
  IMPACT_MODELLED = 1,  /* from load and a model of the hardware */
  IMPACT_ESTIMATED = 2, /* a choice between values that the data allow, or a default */
  IMPACT_STALE = 3,     /* a sensor's earlier value, not renewed */
  IMPACT_MISSING = 4    /* nothing: the numbers are NaN */
} impact_quality;

/* An energy in joules. Each number may be NaN, where it is not known. */
typedef struct impact_energy {
  double best_j;
  double half_width_j; /* 95 %: what differs from reading to reading */
  double bias_j;       /* 95 %: systematic error of sensors and models, which repeating does not shrink */
  double modelled_j;   /* the part of best_j that models gave */
  double low_j;        /* the 95 % interval with the bias in it, never below 0 */
  double high_j;
  int32_t quality; /* impact_quality of the worst part */
  int32_t partial; /* not 0: a component of the machine, or a part of the time, is not in it */
} impact_energy;

/* One channel of one device. The texts are valid as long as the result. */
typedef struct impact_device {
  const char* channel; /* "rapl/package-0" */
  const char* device;  /* "cpu:0" */
  const char* source;  /* the reader: "rapl_powercap" */
  const char* domain;  /* wall, psys, module, package, core, uncore, igpu, dram, gpu, gpu_memory, board, other */
  const char* role;    /* in_total, inside, duplicate, apart, model_unused: what is not in_total is in no sum */
  impact_energy energy;
  double coverage; /* part of the time that its readings cover, 0 to 1 */
} impact_device;

/* The tracked consumer's part of the machine's energy. share + others + machine_idle + unattributed is the machine's
 * energy, of the devices that could be divided. The texts are valid as long as the result. */
typedef struct impact_share {
  impact_energy share;
  double idle_j; /* of it: the energy of idling that the policy gives to the consumer */
  double others_j;
  double machine_idle_j;
  double unattributed_j;
  double cpu_s;     /* CPU time of the consumer */
  double all_cpu_s; /* and of the machine */
  const char* scope;
  const char* policy;
  const char* whose; /* in words: "process 1234 and its children" */
} impact_share;

IMPACT_API void impact_result_free(impact_result* result);
IMPACT_API const char* impact_result_name(const impact_result* result);
IMPACT_API double impact_result_seconds(const impact_result* result);
IMPACT_API impact_energy impact_result_energy(const impact_result* result); /* of the machine */
IMPACT_API double impact_result_psys_j(
    const impact_result* result); /* what the platform's counter saw, beside the sum */
IMPACT_API double impact_result_wall_j(
    const impact_result* result); /* what meters of the whole machine saw, likewise */
IMPACT_API double impact_result_rest_j(const impact_result* result); /* what the wall saw beyond the sum */
IMPACT_API double impact_result_coverage(const impact_result* result);
IMPACT_API int impact_result_is_provisional(const impact_result* result);

/* 1 and the share, or 0 where none was asked for. */
IMPACT_API int impact_result_share(const impact_result* result, impact_share* share);
/* The channels that measure energy. 1 and the device, or 0 where there is none of this number. */
IMPACT_API size_t impact_result_device_count(const impact_result* result);
IMPACT_API int impact_result_device(const impact_result* result, size_t number, impact_device* device);
/* What a reader of the number should know: gaps, wraps, what was not measured. NULL where there is none of this number. */
IMPACT_API size_t impact_result_note_count(const impact_result* result);
IMPACT_API const char* impact_result_note(const impact_result* result, size_t number);
/* All of it, as it stands in the record. */
IMPACT_API const char* impact_result_json(const impact_result* result);

/* "12.3 kJ ± 0.4 kJ, measured", with no digit finer than the error; "not measured". As snprintf: writes at most `size`
 * bytes with the final zero, returns the length that the whole text has. */
IMPACT_API size_t impact_energy_text(const impact_energy* energy, char* text, size_t size);

/* NOLINTEND(readability-identifier-naming) */
#ifdef __cplusplus
}
#endif

#endif
