#include <array>

#include "query/postgres/system_schema.h"

namespace tarn::query::postgres {
namespace {

/// Their columns as far as clients name them.
// clang-format off
constexpr auto kEmpty = std::to_array<EmptyRelation>({
    {"tarn_pg", "pg_aggregate", R"(aggfnoid BIGINT, aggkind VARCHAR, aggnumdirectargs SMALLINT, aggtransfn VARCHAR)"},
    {"tarn_pg", "pg_amop", R"(oid BIGINT, tableoid BIGINT, amopfamily BIGINT, amoplefttype BIGINT, amoprighttype BIGINT, amopstrategy SMALLINT, amoppurpose VARCHAR, amopopr BIGINT, amopmethod BIGINT, amopsortfamily BIGINT)"},
    {"tarn_pg", "pg_amproc", R"(oid BIGINT, tableoid BIGINT, amprocfamily BIGINT, amproclefttype BIGINT, amprocrighttype BIGINT, amprocnum SMALLINT, amproc BIGINT)"},
    {"tarn_pg", "pg_attrdef", R"(oid BIGINT, tableoid BIGINT, adrelid BIGINT, adnum SMALLINT, adbin VARCHAR)"},
    {"tarn_pg", "pg_auth_members", R"(oid BIGINT, tableoid BIGINT, roleid BIGINT, member BIGINT, grantor BIGINT, admin_option BOOLEAN)"},
    {"tarn_pg", "pg_available_extensions", R"(name VARCHAR, default_version VARCHAR, installed_version VARCHAR, comment VARCHAR)"},
    {"tarn_pg", "pg_cast", R"(oid BIGINT, tableoid BIGINT, castsource BIGINT, casttarget BIGINT, castfunc BIGINT, castcontext VARCHAR, castmethod VARCHAR)"},
    {"tarn_pg", "pg_conversion", R"(oid BIGINT, tableoid BIGINT, conname VARCHAR, connamespace BIGINT, conowner BIGINT, conforencoding INTEGER, contoencoding INTEGER, conproc BIGINT, condefault BOOLEAN)"},
    {"tarn_pg", "pg_db_role_setting", R"(setdatabase BIGINT, setrole BIGINT, setconfig VARCHAR[])"},
    {"tarn_pg", "pg_default_acl", R"(oid BIGINT, tableoid BIGINT, defaclrole BIGINT, defaclnamespace BIGINT, defaclobjtype VARCHAR, defaclacl VARCHAR[])"},
    {"tarn_pg", "pg_depend", R"(classid BIGINT, objid BIGINT, objsubid INTEGER, refclassid BIGINT, refobjid BIGINT, refobjsubid INTEGER, deptype VARCHAR)"},
    {"tarn_pg", "pg_enum", R"(oid BIGINT, tableoid BIGINT, enumtypid BIGINT, enumsortorder FLOAT, enumlabel VARCHAR)"},
    {"tarn_pg", "pg_event_trigger", R"(oid BIGINT, tableoid BIGINT, evtname VARCHAR, evtevent VARCHAR, evtowner BIGINT, evtfoid BIGINT, evtenabled VARCHAR, evttags VARCHAR[])"},
    {"tarn_pg", "pg_extension", R"(oid BIGINT, tableoid BIGINT, extname VARCHAR, extowner BIGINT, extnamespace BIGINT, extrelocatable BOOLEAN, extversion VARCHAR, extconfig BIGINT[], extcondition VARCHAR[])"},
    {"tarn_pg", "pg_foreign_data_wrapper", R"(oid BIGINT, tableoid BIGINT, fdwname VARCHAR, fdwowner BIGINT, fdwhandler BIGINT, fdwvalidator BIGINT, fdwacl VARCHAR[], fdwoptions VARCHAR[])"},
    {"tarn_pg", "pg_foreign_server", R"(oid BIGINT, tableoid BIGINT, srvname VARCHAR, srvowner BIGINT, srvfdw BIGINT, srvtype VARCHAR, srvversion VARCHAR, srvacl VARCHAR[], srvoptions VARCHAR[])"},
    {"tarn_pg", "pg_foreign_table", R"(ftrelid BIGINT, ftserver BIGINT, ftoptions VARCHAR[])"},
    {"tarn_pg", "pg_group", R"(groname VARCHAR, grosysid BIGINT, grolist BIGINT[])"},
    {"tarn_pg", "pg_inherits", R"(inhrelid BIGINT, inhparent BIGINT, inhseqno INTEGER, inhdetachpending BOOLEAN)"},
    {"tarn_pg", "pg_init_privs", R"(objoid BIGINT, classoid BIGINT, objsubid INTEGER, privtype VARCHAR, initprivs VARCHAR[])"},
    {"tarn_pg", "pg_largeobject_metadata", R"(oid BIGINT, tableoid BIGINT, lomowner BIGINT, lomacl VARCHAR[])"},
    {"tarn_pg", "pg_locks", R"(locktype VARCHAR, database BIGINT, relation BIGINT, page INTEGER, tuple SMALLINT, virtualxid VARCHAR, transactionid BIGINT, classid BIGINT, objid BIGINT, objsubid SMALLINT, virtualtransaction VARCHAR, pid INTEGER, mode VARCHAR, granted BOOLEAN, fastpath BOOLEAN, waitstart TIMESTAMPTZ)"},
    {"tarn_pg", "pg_matviews", R"(schemaname VARCHAR, matviewname VARCHAR, matviewowner VARCHAR, "tablespace" VARCHAR, hasindexes BOOLEAN, ispopulated BOOLEAN, definition VARCHAR)"},
    {"tarn_pg", "pg_opclass", R"(oid BIGINT, tableoid BIGINT, opcmethod BIGINT, opcname VARCHAR, opcnamespace BIGINT, opcowner BIGINT, opcfamily BIGINT, opcintype BIGINT, opcdefault BOOLEAN, opckeytype BIGINT)"},
    {"tarn_pg", "pg_operator", R"(oid BIGINT, tableoid BIGINT, oprname VARCHAR, oprnamespace BIGINT, oprowner BIGINT, oprkind VARCHAR, oprcanmerge BOOLEAN, oprcanhash BOOLEAN, oprleft BIGINT, oprright BIGINT, oprresult BIGINT, oprcom BIGINT, oprnegate BIGINT, oprcode BIGINT, oprrest BIGINT, oprjoin BIGINT)"},
    {"tarn_pg", "pg_opfamily", R"(oid BIGINT, tableoid BIGINT, opfmethod BIGINT, opfname VARCHAR, opfnamespace BIGINT, opfowner BIGINT)"},
    {"tarn_pg", "pg_parameter_acl", R"(oid BIGINT, tableoid BIGINT, parname VARCHAR, paracl VARCHAR[])"},
    {"tarn_pg", "pg_partitioned_table", R"(partrelid BIGINT, partstrat VARCHAR, partnatts SMALLINT, partdefid BIGINT, partattrs SMALLINT[], partclass BIGINT[], partcollation BIGINT[], partexprs VARCHAR)"},
    {"tarn_pg", "pg_policies", R"(schemaname VARCHAR, tablename VARCHAR, policyname VARCHAR, permissive VARCHAR, roles VARCHAR[], cmd VARCHAR, qual VARCHAR, with_check VARCHAR)"},
    {"tarn_pg", "pg_policy", R"(oid BIGINT, tableoid BIGINT, polname VARCHAR, polrelid BIGINT, polcmd VARCHAR, polpermissive BOOLEAN, polroles BIGINT[], polqual VARCHAR, polwithcheck VARCHAR)"},
    {"tarn_pg", "pg_proc", R"(oid BIGINT, tableoid BIGINT, proname VARCHAR, pronamespace BIGINT, proowner BIGINT, prolang BIGINT, procost FLOAT, prorows FLOAT, provariadic BIGINT, prosupport BIGINT, prokind VARCHAR, prosecdef BOOLEAN, proleakproof BOOLEAN, proisstrict BOOLEAN, proretset BOOLEAN, provolatile VARCHAR, proparallel VARCHAR, pronargs SMALLINT, pronargdefaults SMALLINT, prorettype BIGINT, proargtypes BIGINT[], proallargtypes BIGINT[], proargmodes VARCHAR[], proargnames VARCHAR[], proargdefaults VARCHAR, protrftypes BIGINT[], prosrc VARCHAR, probin VARCHAR, prosqlbody VARCHAR, proconfig VARCHAR[], proacl VARCHAR[])"},
    {"tarn_pg", "pg_prepared_statements", R"(name VARCHAR, statement VARCHAR, prepare_time TIMESTAMPTZ, parameter_types VARCHAR[], from_sql BOOLEAN)"},
    {"tarn_pg", "pg_prepared_xacts", R"(transaction BIGINT, gid VARCHAR, prepared TIMESTAMPTZ, owner VARCHAR, database VARCHAR)"},
    {"tarn_pg", "pg_publication", R"(oid BIGINT, tableoid BIGINT, pubname VARCHAR, pubowner BIGINT, puballtables BOOLEAN, pubinsert BOOLEAN, pubupdate BOOLEAN, pubdelete BOOLEAN, pubtruncate BOOLEAN, pubviaroot BOOLEAN)"},
    {"tarn_pg", "pg_publication_namespace", R"(oid BIGINT, tableoid BIGINT, pnpubid BIGINT, pnnspid BIGINT)"},
    {"tarn_pg", "pg_publication_rel", R"(oid BIGINT, tableoid BIGINT, prpubid BIGINT, prrelid BIGINT, prqual VARCHAR, prattrs SMALLINT[])"},
    {"tarn_pg", "pg_publication_tables", R"(pubname VARCHAR, schemaname VARCHAR, tablename VARCHAR, attnames VARCHAR[], rowfilter VARCHAR)"},
    {"tarn_pg", "pg_range", R"(rngtypid BIGINT, rngsubtype BIGINT, rngmultitypid BIGINT, rngcollation BIGINT, rngsubopc BIGINT, rngcanonical BIGINT, rngsubdiff BIGINT)"},
    {"tarn_pg", "pg_rewrite", R"(oid BIGINT, tableoid BIGINT, rulename VARCHAR, ev_class BIGINT, ev_type VARCHAR, ev_enabled VARCHAR, is_instead BOOLEAN, ev_qual VARCHAR, ev_action VARCHAR)"},
    {"tarn_pg", "pg_rules", R"(schemaname VARCHAR, tablename VARCHAR, rulename VARCHAR, definition VARCHAR)"},
    {"tarn_pg", "pg_seclabel", R"(objoid BIGINT, classoid BIGINT, objsubid INTEGER, provider VARCHAR, label VARCHAR)"},
    {"tarn_pg", "pg_seclabels", R"(objoid BIGINT, classoid BIGINT, objsubid INTEGER, objtype VARCHAR, objnamespace BIGINT, objname VARCHAR, provider VARCHAR, label VARCHAR)"},
    {"tarn_pg", "pg_sequence", R"(seqrelid BIGINT, seqtypid BIGINT, seqstart BIGINT, seqincrement BIGINT, seqmax BIGINT, seqmin BIGINT, seqcache BIGINT, seqcycle BOOLEAN)"},
    {"tarn_pg", "pg_sequences", R"(schemaname VARCHAR, sequencename VARCHAR, sequenceowner VARCHAR, data_type VARCHAR, start_value BIGINT, min_value BIGINT, max_value BIGINT, increment_by BIGINT, cycle BOOLEAN, cache_size BIGINT, last_value BIGINT)"},
    {"tarn_pg", "pg_shdepend", R"(dbid BIGINT, classid BIGINT, objid BIGINT, objsubid INTEGER, refclassid BIGINT, refobjid BIGINT, deptype VARCHAR)"},
    {"tarn_pg", "pg_shdescription", R"(objoid BIGINT, classoid BIGINT, description VARCHAR)"},
    {"tarn_pg", "pg_shseclabel", R"(objoid BIGINT, classoid BIGINT, provider VARCHAR, label VARCHAR)"},
    {"tarn_pg", "pg_stat_database", R"(datid BIGINT, datname VARCHAR, numbackends INTEGER, xact_commit BIGINT, xact_rollback BIGINT, blks_read BIGINT, blks_hit BIGINT, tup_returned BIGINT, tup_fetched BIGINT, stats_reset TIMESTAMPTZ)"},
    {"tarn_pg", "pg_stat_replication", R"(pid INTEGER, usesysid BIGINT, usename VARCHAR, application_name VARCHAR, state VARCHAR)"},
    {"tarn_pg", "pg_stat_ssl", R"(pid INTEGER, ssl BOOLEAN, version VARCHAR, cipher VARCHAR, bits INTEGER, client_dn VARCHAR)"},
    {"tarn_pg", "pg_stat_user_indexes", R"(relid BIGINT, indexrelid BIGINT, schemaname VARCHAR, relname VARCHAR, indexrelname VARCHAR, idx_scan BIGINT)"},
    {"tarn_pg", "pg_statio_user_tables", R"(relid BIGINT, schemaname VARCHAR, relname VARCHAR, heap_blks_read BIGINT, heap_blks_hit BIGINT)"},
    {"tarn_pg", "pg_statistic_ext", R"(oid BIGINT, tableoid BIGINT, stxrelid BIGINT, stxname VARCHAR, stxnamespace BIGINT, stxowner BIGINT, stxstattarget INTEGER, stxkeys SMALLINT[], stxkind VARCHAR[], stxexprs VARCHAR)"},
    {"tarn_pg", "pg_stats", R"(schemaname VARCHAR, tablename VARCHAR, attname VARCHAR, inherited BOOLEAN, null_frac FLOAT, avg_width INTEGER, n_distinct FLOAT)"},
    {"tarn_pg", "pg_subscription", R"(oid BIGINT, tableoid BIGINT, subdbid BIGINT, subskiplsn VARCHAR, subname VARCHAR, subowner BIGINT, subenabled BOOLEAN, subbinary BOOLEAN, substream BOOLEAN, subtwophasestate VARCHAR, subdisableonerr BOOLEAN, subconninfo VARCHAR, subslotname VARCHAR, subsynccommit VARCHAR, subpublications VARCHAR[])"},
    {"tarn_pg", "pg_transform", R"(oid BIGINT, tableoid BIGINT, trftype BIGINT, trflang BIGINT, trffromsql BIGINT, trftosql BIGINT)"},
    {"tarn_pg", "pg_trigger", R"(oid BIGINT, tableoid BIGINT, tgrelid BIGINT, tgparentid BIGINT, tgname VARCHAR, tgfoid BIGINT, tgtype SMALLINT, tgenabled VARCHAR, tgisinternal BOOLEAN, tgconstrrelid BIGINT, tgconstrindid BIGINT, tgconstraint BIGINT, tgdeferrable BOOLEAN, tginitdeferred BOOLEAN, tgnargs SMALLINT, tgattr SMALLINT[], tgargs BLOB, tgqual VARCHAR, tgoldtable VARCHAR, tgnewtable VARCHAR)"},
    {"tarn_pg", "pg_ts_config", R"(oid BIGINT, tableoid BIGINT, cfgname VARCHAR, cfgnamespace BIGINT, cfgowner BIGINT, cfgparser BIGINT)"},
    {"tarn_pg", "pg_ts_config_map", R"(mapcfg BIGINT, maptokentype INTEGER, mapseqno INTEGER, mapdict BIGINT)"},
    {"tarn_pg", "pg_ts_dict", R"(oid BIGINT, tableoid BIGINT, dictname VARCHAR, dictnamespace BIGINT, dictowner BIGINT, dicttemplate BIGINT, dictinitoption VARCHAR)"},
    {"tarn_pg", "pg_ts_parser", R"(oid BIGINT, tableoid BIGINT, prsname VARCHAR, prsnamespace BIGINT, prsstart BIGINT, prstoken BIGINT, prsend BIGINT, prsheadline BIGINT, prslextype BIGINT)"},
    {"tarn_pg", "pg_ts_template", R"(oid BIGINT, tableoid BIGINT, tmplname VARCHAR, tmplnamespace BIGINT, tmplinit BIGINT, tmpllexize BIGINT)"},
    {"tarn_pg", "pg_user_mapping", R"(oid BIGINT, tableoid BIGINT, umuser BIGINT, umserver BIGINT, umoptions VARCHAR[])"},
    {"tarn_pg", "pg_user_mappings", R"(umid BIGINT, srvid BIGINT, srvname VARCHAR, umuser BIGINT, usename VARCHAR, umoptions VARCHAR[])"},
    {"tarn_info", "character_sets", R"(character_set_catalog VARCHAR, character_set_schema VARCHAR, character_set_name VARCHAR)"},
    {"tarn_info", "check_constraints", R"(constraint_catalog VARCHAR, constraint_schema VARCHAR, constraint_name VARCHAR, check_clause VARCHAR)"},
    {"tarn_info", "column_privileges", R"(grantor VARCHAR, grantee VARCHAR, table_catalog VARCHAR, table_schema VARCHAR, table_name VARCHAR, column_name VARCHAR, privilege_type VARCHAR, is_grantable VARCHAR)"},
    {"tarn_info", "domains", R"(domain_catalog VARCHAR, domain_schema VARCHAR, domain_name VARCHAR, data_type VARCHAR)"},
    {"tarn_info", "element_types", R"(object_catalog VARCHAR, object_schema VARCHAR, object_name VARCHAR, object_type VARCHAR, collection_type_identifier VARCHAR, data_type VARCHAR)"},
    {"tarn_info", "parameters", R"(specific_catalog VARCHAR, specific_schema VARCHAR, specific_name VARCHAR, ordinal_position INTEGER, parameter_mode VARCHAR, parameter_name VARCHAR, data_type VARCHAR)"},
    {"tarn_info", "referential_constraints", R"(constraint_catalog VARCHAR, constraint_schema VARCHAR, constraint_name VARCHAR, unique_constraint_catalog VARCHAR, unique_constraint_schema VARCHAR, unique_constraint_name VARCHAR, match_option VARCHAR, update_rule VARCHAR, delete_rule VARCHAR)"},
    {"tarn_info", "routines", R"(specific_catalog VARCHAR, specific_schema VARCHAR, specific_name VARCHAR, routine_catalog VARCHAR, routine_schema VARCHAR, routine_name VARCHAR, routine_type VARCHAR, data_type VARCHAR, routine_definition VARCHAR, external_language VARCHAR)"},
    {"tarn_info", "sequences", R"(sequence_catalog VARCHAR, sequence_schema VARCHAR, sequence_name VARCHAR, data_type VARCHAR)"},
    {"tarn_info", "triggers", R"(trigger_catalog VARCHAR, trigger_schema VARCHAR, trigger_name VARCHAR, event_manipulation VARCHAR, event_object_schema VARCHAR, event_object_table VARCHAR, action_statement VARCHAR, action_timing VARCHAR)"},
    {"tarn_info", "user_defined_types", R"(user_defined_type_catalog VARCHAR, user_defined_type_schema VARCHAR, user_defined_type_name VARCHAR)"},
});
// clang-format on

}  // namespace

std::span<const EmptyRelation> empty_relations() {
  return kEmpty;
}

}  // namespace tarn::query::postgres
